# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Completion of the dmabay command in bash. What there is to complete is asked of the
# command: what "dmabay help" lists, and the options that "--help" tells of.

_dmabay() {
	local word=${COMP_WORDS[COMP_CWORD]} command=${COMP_WORDS[1]} options nodes
	COMPREPLY=()
	if [ "$COMP_CWORD" -eq 1 ] || [ "$command" = help ]; then
		mapfile -t COMPREPLY < <(compgen -W "$("$1" help | sed -n 's/^  \([a-z]*\) .*/\1/p')" -- "$word")
	elif [[ $word == -* ]]; then
		options=$("$1" help "$command" 2>/dev/null | grep -oE -- '--[a-z-]+')
		mapfile -t COMPREPLY < <(compgen -W "$options" -- "$word")
	else
		nodes=$(cd /sys/class/dmabay 2>/dev/null && echo *)
		mapfile -t COMPREPLY < <(
			compgen -W "$nodes" -- "$word"
			[ "$command" != copy ] || compgen -f -- "$word"
		)
	fi
}

complete -F _dmabay dmabay
