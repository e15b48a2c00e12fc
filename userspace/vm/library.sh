# shellcheck shell=bash disable=SC2154 # lib.sh says where things are
# What is judged of the library without a device: that what is exported is what the header
# declares and the map has, that programs in C and C++ use what "make install" leaves, what it
# says when it is asked to, that its manual is about it, and its Python binding. Sourced by
# static, after lib.sh. Each function says what is wrong; nothing, if nothing is.

sources=$repo/userspace
installed=$work/installed

# declared: the functions of the header, as the compiler reads it.
declared() {
	gcc -std=gnu11 -fsyntax-only -aux-info /dev/stdout -I"$sources/include" \
		-I"$repo/include/uapi" "$sources/include/dmabay.h" |
		sed -nE 's|^/\* [^ ]*/userspace/include/dmabay\.h:[^ ]* \*/ [^(]*\b(dmabay_\w+) \(.*|\1|p' | sort
}

# mapped: function@@node, of each line of the map.
mapped() {
	awk '/^DMABAY_/ { node = $1 } /^\t\tdmabay_/ { sub(";", "", $1); print $1 "@@" node }' \
		"$sources/lib/libdmabay.map" | sort
}

# exports FOLDER: of the library built there.
exports() {
	diff <(declared) <(mapped | sed 's/@@.*//') || return
	diff <(mapped) <(nm -D --defined-only "$1/libdmabay.so" |
		awk '$2 != "A" { print $3 }' | sort) || return
	# A program that links it static may call its own functions whatever else it likes.
	! nm -g --defined-only "$1/libdmabay.a" | awk 'NF == 3 { print $3 }' | grep -v '^dmabay_'
}

# install_library FOLDER: what was built there, as a user gets it.
install_library() {
	rm -rf "$installed"
	make -C "$sources" install O="$1" PREFIX="$installed" >"$log/static-install" 2>&1 || {
		tail -n 20 "$log/static-install"
		return 1
	}
}

# flags WHAT: for a program that uses it.
flags() { PKG_CONFIG_PATH=$installed/lib/pkgconfig pkg-config "$1" libdmabay; }

warnings=(-Wall -Wextra -Wshadow -pedantic -Werror)

# header COMPILER: the header alone, as C of 1999.
header() {
	# shellcheck disable=SC2046 # several words
	"$1" -std=c99 "${warnings[@]}" $(flags --cflags) -fsyntax-only -x c - <<<'#include <dmabay.h>'
}

# cplusplus COMPILER: a program that calls every function, linked both ways.
cplusplus() {
	local program=$work/header-$1 how
	# shellcheck disable=SC2046
	"$1" -std=c++17 "${warnings[@]}" $(flags --cflags) -c -o "$program.o" \
		"$sources/tests/header.cpp" || return
	diff <(declared) <(nm -u "$program.o" | awk '$2 ~ /^dmabay_/ { print $2 }') || return
	for how in '' -static; do
		# shellcheck disable=SC2046,SC2086
		"$1" $how -o "$program" "$program.o" $(flags --libs) &&
			LD_LIBRARY_PATH=$installed/lib "$program" || return
	done
}

# debugging: what LIBDMABAY_DEBUG makes the library say of those calls (addresses of memory and
# most sentences aside), and that it says nothing if that is empty.
debugging() {
	LD_LIBRARY_PATH=$installed/lib LIBDMABAY_DEBUG='' "$work/header-g++" 2>&1 || return
	diff - <(LD_LIBRARY_PATH=$installed/lib LIBDMABAY_DEBUG=1 "$work/header-g++" 2>&1 |
		sed 's/ address=0x[0-9a-f]\{4,\}/ address=0x.../; s/: use .*//; /info/!s/ -25,.*/ -25/') <<-'END'
		libdmabay: /dev/null/dmabay0: open flags=0x2 -> -20, Not a directory
		libdmabay: /dev/null: open flags=0x2 -> 0
		libdmabay: /dev/null: info -> -25, this kernel does not know the command
		libdmabay: /dev/null: counters -> -25
		libdmabay: /dev/null: register address=0x... length=16 flags=0x1 -> -25
		libdmabay: /dev/null: unregister buffer=0 -> -25
		libdmabay: /dev/null: import fd=0 flags=0x1 -> -25
		libdmabay: /dev/null: reserve map_registers=1 depth=1 flags=0x1 -> -25
		libdmabay: /dev/null: free reservation=0 -> -25
		libdmabay: /dev/null: submit count=1 capacity=1 min_complete=1 deadline=0 -> -25
		libdmabay: /dev/null: wait capacity=1 min_complete=1 deadline=0 -> -25
		libdmabay: /dev/null: cancel flags=0x1 reservation=0 cookie=1 -> -25
		libdmabay: /dev/null: eventfd eventfd=-1 -> -25
		libdmabay: /dev/null: rings submission_entries=2 completion_entries=4 -> -25
		libdmabay: /dev/null: once address=0x... length=16 device_address=0 direction=1 deadline=0 -> -25
		libdmabay: /dev/null: once address=0x... length=16 device_address=0 direction=0 deadline=1 -> -25
		libdmabay: /dev/null: submit count=1 capacity=32 min_complete=1 deadline=0 -> -25
		libdmabay: /dev/null: info -> -25, this kernel does not know the command
		libdmabay: /dev/null: close
	END
}

# pages: each function has one, which declares it as the header does, and each name of a page
# that another one refers to is there.
pages() {
	local page name
	cd "$sources/man" || return
	diff <(declared) <(basename -s .3 -a dmabay_*.3 | sort) || return
	for page in dmabay_*.3; do
		name=${page%.3}
		page=$(sed -nE 's|^\.so man3/||p' "$page")
		page=${page:-$name.3}
		grep -qxE "\.Nm $name( ,)?" "$page" && grep -qx "\.Fo $name" "$page" ||
			echo "$page does not describe $name"
		prototypes "$page" | gcc -std=gnu11 -Wall -Wextra -Werror -I"$installed/include" -fsyntax-only -x c - ||
			echo "$page: the synopsis is not what the header declares"
	done
	grep -ohE '^\.Xr (lib)?dmabay[a-z_-]* [0-9]' ./*.[1-9] | sort -u | while read -r _ name page; do
		[ -e "$name.$page" ] || echo "there is no $name.$page"
	done
}

# prototypes PAGE: those of its synopsis, as C.
prototypes() {
	sed -nE '/^\.Sh SYNOPSIS/,/^\.Sh DESCRIPTION/ {
		s/"//g
		s/^\.In (.*)/#include <\1>/p
		s/^\.Ft //p
		s/^\.Fo (.*)/\1(/p
		s/^\.Fa (.*)/\1,/p
		s/^\.Fc/);/p
	}' "$1" | sed -z 's/,\n);/);/g'
}

# examples: each page has one, which compiles.
examples() {
	local page
	cd "$sources/man" || return
	for page in *.3; do
		! grep -q '^\.so' "$page" || continue
		example "$page" >"$work/example.c"
		[ -s "$work/example.c" ] || echo "$page has no example"
		# shellcheck disable=SC2046
		gcc -Wall -Wextra -Werror $(flags --cflags) -c -o "$work/example.o" "$work/example.c" ||
			echo "$page: the example does not compile"
	done
}

# example PAGE: the program in it.
example() {
	sed -n '/^\.Sh EXAMPLES/,/^\.Sh ERRORS/p' "$1" |
		sed -n '/^\.Bd -literal/,/^\.Ed/ { /^\./d; s/\\e/\\/g; p }'
}

# binding: the numbers and structs of Python, as the C compiler has them.
binding() {
	PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=$sources/python LD_LIBRARY_PATH=$installed/lib \
		python3 - >"$work/binding.c" <<-'END' || return
		import ctypes
		import dmabay

		print("#include <stddef.h>\n#include <dmabay.h>")
		for name, what in vars(dmabay).items():
		    if name.isupper() and isinstance(what, int):
		        print(f'_Static_assert(DMABAY_{name} == {what}, "{name}");')
		    elif name[0].isupper() and isinstance(what, type) and hasattr(what, "_fields_"):
		        struct = f"struct dmabay_{name.lower()}"
		        print(f'_Static_assert(sizeof({struct}) == {ctypes.sizeof(what)}, "{struct}");')
		        for field, _ in what._fields_:
		            at = getattr(what, field)
		            print(f"_Static_assert(offsetof({struct}, {field}) == {at.offset} &&"
		                  f' sizeof((({struct} *)0)->{field}) == {at.size}, "{struct}.{field}");')
	END
	grep -q 'struct dmabay_info' "$work/binding.c" || echo "nothing is compared"
	# shellcheck disable=SC2046
	gcc -Wall -Wextra -Werror $(flags --cflags) -fsyntax-only "$work/binding.c"
}
