# shellcheck shell=bash disable=SC2154 # lib.sh says where things are
# This machine's Python, for the test machine. Sourced, after lib.sh.

# interpreter FOLDER MODULE...: leaves in the folder python, with as much of Python's own library as
# these modules of the folder import, and lib, with libdmabay and what else that needs. Prints the
# program.
interpreter() {
	local files=$1 output=$work/python
	shift
	step "build the library" "5 s" make -C "$repo/userspace" -j"$jobs" lib O="$output"
	mkdir -p "$files/python" "$files/lib"
	cp "$output"/libdmabay.so.* "$files/lib/"
	(
		cd "$(python3 -c 'import sys; print(sys.base_prefix)')" || exit
		LD_LIBRARY_PATH=$files/lib PYTHONPATH=$files PYTHONDONTWRITEBYTECODE=1 python3 -S -c '
import importlib, sys
for name in sys.argv[1:]:
    importlib.import_module(name)
for module in list(sys.modules.values()):
    path = getattr(module, "__file__", None)
    if path and path.startswith(sys.base_prefix):
        print(path[len(sys.base_prefix) + 1:])
' "$@" | sort -u | xargs cp --parents -t "$files/python"
	)
	find "$files/python" -name '*.so' -exec ldd {} + | grep -oE '/[^ ]+ \(' | tr -d ' (' | sort -u |
		xargs cp -L -t "$files/lib"
	python3 -c 'import sys; print(sys.executable)'
}
