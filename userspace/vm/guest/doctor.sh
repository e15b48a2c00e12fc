# shellcheck shell=dash
# "dmabay doctor" asked, believed and obeyed. Sourced, after lib.sh.

release=$(uname -r)

# What its commands want and a machine without a distribution has not. The machine is started
# anew by who has started it.
mkdir -p /etc/default /etc/security/limits.d
cat >/bin/sudo <<-'END'
	#!/bin/sh
	case $1 in update-grub | reboot) ;; *) exec "$@" ;; esac
END
chmod 755 /bin/sudo /
printf 'root:x:0:0::/:/bin/sh\nuser:x:1000:1000::/:/bin/sh\n' >/etc/passwd
printf 'root:x:0:\nuser:x:1000:\ndma:x:4321:\n' >/etc/group

# as_user COMMAND...: who has a login, and no rights; $groups are more of them.
groups=1000
as_user() { /programs/setpriv --reuid 1000 --regid 1000 --groups "$groups" "$@"; }

# install_modules: they are where modprobe looks for them.
install_modules() {
	mkdir -p "/lib/modules/$release/updates"
	cp /modules/*.ko "/lib/modules/$release/updates/"
	depmod
}

# examine [COMMAND...]: by that command, how it ended in $status. What it says is in
# /tmp/doctor.json, and has to be the same as text.
examine() {
	local again=0
	status=0
	"$@" dmabay doctor --json >/tmp/doctor.json || status=$?
	"$@" dmabay doctor >/tmp/doctor.text || again=$?
	/programs/jq -r 'def pad(width): . + " " * (width - length);
		(.findings[] | (.check | pad(11)) + (.verdict | pad(9)) +
			(if .node then .node + ": " else "" end) + .what,
			((.remedy, .command) // empty | " " * 20 + .)),
		"", "dmabay can" + (if .usable then " be used here."
			else "not be used here: see what is a problem." end)' \
		/tmp/doctor.json >/tmp/as.text
	[ "$status" -eq "$again" ] && diff /tmp/as.text /tmp/doctor.text
}

# findings: what is not as it should be, a line for each.
findings() {
	/programs/jq -r '.findings[] | select(.verdict != "ok") | "\(.check) \(.verdict): \(.what)"' \
		/tmp/doctor.json
}

# says STATUS [COMMAND...]: these, and no other ones, are on standard input.
says() {
	local wanted=$1
	shift
	cat >/tmp/wanted
	examine "$@" && findings >/tmp/said && diff /tmp/wanted /tmp/said && [ "$status" -eq "$wanted" ]
}

# command_for CHECK: that the doctor gave.
command_for() {
	/programs/jq -r --arg check "$1" '.findings[] | select(.check == $check) | .command // empty' \
		/tmp/doctor.json
}

# obey CHECK: its command, as it stands.
obey() {
	local command
	command=$(command_for "$1")
	echo "$command"
	[ -n "$command" ] && sh -ec "$command"
}

# copies [COMMAND...]: can it be used?
copies() {
	dd if=/dev/urandom of=/tmp/there bs=1M count=2 2>/dev/null
	rm -f /tmp/back
	"$@" dmabay copy --roundtrip --verify /tmp/there /tmp/back dmabay0 && cmp /tmp/there /tmp/back
}
