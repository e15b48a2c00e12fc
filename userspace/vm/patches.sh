# shellcheck shell=bash disable=SC2034,SC2154 # lib.sh says where things are, others use these
# This tree as a series of patches for a kernel. Sourced by patches and intree, after lib.sh.

series=$work/series/git
mails=$work/series/mails

# who_signs [--check]: each patch needs a name, the entry in MAINTAINERS too. As git says it
# here; patches that are only tried are signed by nobody in particular.
who_signs() {
	local who
	who=$(git -C "$repo" var GIT_COMMITTER_IDENT 2>/dev/null) || {
		[ "${1-}" = --check ] ||
			die "who signs the patches? git config user.name and user.email say it"
		who='dmabay developers <dmabay@example.org>'
	}
	export GIT_COMMITTER_NAME=${who%% <*} GIT_AUTHOR_NAME=${who%% <*}
	who=${who#*<}
	export GIT_COMMITTER_EMAIL=${who%%>*} GIT_AUTHOR_EMAIL=${who%%>*}
	# The same tree gives the same patches.
	GIT_COMMITTER_DATE=$(git -C "$repo" log -1 --format=%cI)
	export GIT_COMMITTER_DATE GIT_AUTHOR_DATE=$GIT_COMMITTER_DATE
}

# make_series SOURCE: a commit for each patch in $series, on top of the tag "base", which has
# the files of the kernel that change.
make_series() {
	rm -rf "$series"
	mkdir -p "$series"
	python3 -B "$vm/patches.py" "$1" "$series"
}

# to_whom LETTER: the addresses of one kind in the new entry of MAINTAINERS.
to_whom() {
	sed -n "/^DMABAY (/,/^\$/s/^$1:\t//p" "$series/MAINTAINERS"
}

# make_mails FOLDER: the series as mails, to those whom the new entry names.
make_mails() {
	local who words=()
	while read -r who; do words+=(--to="$who"); done < <(to_whom M)
	while read -r who; do words+=(--cc="$who"); done < <(to_whom L)
	mkdir -p "$1"
	rm -f "$1"/0*.patch
	git -C "$series" format-patch -q -o "$1" --cover-letter --cover-from-description=subject \
		--thread=shallow "${words[@]}" base..dmabay
}
