# shellcheck shell=bash disable=SC2154 # lib.sh says where things are
# What is judged of the dmabay command without a device: that the options of each subcommand are
# the same ones wherever they are told of, and that each has a manual page. Sourced by static,
# after lib.sh. Each function says what is wrong; nothing, if nothing is.

cli=$repo/userspace/cli
man=$repo/userspace/man

# subcommands PROGRAM: what "help" lists, but for help.
subcommands() { "$1" help | sed -nE 's/^  ([a-z]+) .*/\1/p' | grep -vx help; }

# An option is "-x --name", or "-x --name=" if it takes a value.

# coded SUBCOMMAND: what it takes. Some are for the tests only.
coded() {
	sed -nE "/for the tests/d; /\"help\"/d
		s/^\t\t\{ \"([a-z-]+)\", no_argument, NULL, '(.)' \},.*/-\2 --\1/p
		s/^\t\t\{ \"([a-z-]+)\", required_argument, NULL, '(.)' \},.*/-\2 --\1=/p" "$cli/$1.c" | sort
}

# short SUBCOMMAND: the same, as getopt has the letters.
short() {
	sed -nE 's/.*getopt_long\(argc, argv, "([a-zA-Z:]+)h".*/\1/p' "$cli/$1.c" | sed -E 's/(.)(:?)/\1\2\n/g' |
		sed '/^$/d; s/:/=/' | sort
}

# helped PROGRAM SUBCOMMAND
helped() { "$1" help "$2" | sed -nE '/--help/d; s/^  (-., --[a-z-]+=?).*/\1/; s/^(-.), /\1 /p' | sort; }

# described SUBCOMMAND: in its page.
described() {
	sed -nE 's/^\.It Fl (.) , Fl -([a-z-]+) Ns = Ns .*/-\1 --\2=/; s/^\.It Fl (.) , Fl -([a-z-]+)$/-\1 --\2/
		s/^(-. --[a-z-]+=?)$/\1/p' "$man/dmabay-$1.1" | sort
}

# summarized SUBCOMMAND: the letters in the synopsis of its page.
summarized() {
	sed -n '/^\.Sh SYNOPSIS/,/^\.Sh DESCRIPTION/p' "$man/dmabay-$1.1" | sed -E 's/ \| Fl /\n.Fl /; s/^\.Op Fl /.Fl /' |
		sed -nE 's/^\.Fl ([a-zA-Z]) Ar .*/\1=/p; s/^\.Fl ([a-zA-Z]+)$/\1/p' |
		sed -E '/=/!s/./&\n/g' | sed '/^$/d' | sort -u
}

# completed PROGRAM WORDS...: what bash offers for the last word.
completed() {
	PATH=$(dirname "$1"):$PATH bash -c '. "$0" && COMP_WORDS=(dmabay "$@") && COMP_CWORD=$# && _dmabay dmabay &&
		printf "%s\n" "${COMPREPLY[@]}"' "$cli/dmabay.bash" "${@:2}" | sort -u
}

# options PROGRAM: each is told of everywhere.
options() {
	local each
	for each in $(subcommands "$1"); do
		diff <(coded "$each") <(helped "$1" "$each") || echo "help $each: not its options"
		diff <(coded "$each") <(described "$each") || echo "dmabay-$each.1: not its options"
		diff <(coded "$each" | sed -E 's/-(.) [^=]*/\1/' | sort) <(short "$each") || echo "$each: short options"
		diff <(short "$each") <(summarized "$each") || echo "dmabay-$each.1: synopsis"
		diff <({ coded "$each" && echo ' --help'; } | sed -E 's/.* (--[^=]*)=?/\1/' | sort) \
			<(completed "$1" "$each" --) || echo "$each: completion"
	done
	[ -n "$each" ] || echo "there is no subcommand"
}

# command_pages PROGRAM: each subcommand has one, which the main page, the help and the completion
# name; and none says what another one says.
command_pages() {
	local each
	diff <(subcommands "$1" | sort) <(basename -s .1 -a "$man"/dmabay-*.1 | sed 's/dmabay-//') || return
	diff <(subcommands "$1" | sort) <(sed -nE 's/^\.It Xr dmabay-([a-z]+) 1$/\1/p' "$man/dmabay.1" | sort) || return
	diff <({ subcommands "$1" && echo help; } | sort) <(completed "$1" "") || return
	for each in $(subcommands "$1"); do
		"$1" help "$each" | grep -qx "man dmabay-$each tells more." || echo "help $each: names no page"
		grep -qx ".Nm dmabay-$each" "$man/dmabay-$each.1" || echo "dmabay-$each.1: has another name"
	done
	sed -s '/^\.Bd/,/^\.Ed/d' "$man"/dmabay*.1 | grep -E '^[^.].{24,}' | sort | uniq -d
}
