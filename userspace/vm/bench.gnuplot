# SPDX-License-Identifier: GPL-2.0-only
# What a transfer costs, as pictures: by size, and by how many are submitted at once.
#
#   gnuplot -e "csv='FILE'; cell='bench-strict'; folder='DIR'" bench.gnuplot
#
# Each picture twice: for a light page and for a dark one. The ground is the page's.

set datafile separator comma
set datafile columnheaders
set datafile missing NaN

# Name in the key, arm, run, and colour for a light and for a dark page (told apart by those
# who see few colours, too).
arms = "driver plain vfio-map changed changed unchanged unchanged-ring vfio"
runs = "scattered scattered vfio-scattered scattered bounce-scattered scattered scattered vfio-scattered"
names = "'driver: pin, map, unmap, unpin' 'plain: dma\\_map\\_sg' 'VFIO, map each time' 'reserved, changed' \
	'reserved, bounced' 'reserved, unchanged' 'reserved, unchanged, io\\_uring' 'VFIO, map stays'"
light = "#d55e00 #b07d00 #8c3d8c #0072b2 #767676 #00775a #2a9df4 #000000"
dark = "#ff8f4d #e6b422 #d88fd8 #56a8e8 #a8a8a8 #2fd0a3 #9bd3ff #ffffff"
points = "5 7 9 11 13 15 4 6"

is_of(i, what, value) = strcol("cell") eq cell && strcol("run") eq word(runs, i) && \
	strcol("arm") eq word(arms, i) && column(what) == value
pick(i, what, value) = is_of(i, what, value) ? column("p50") : NaN

set logscale y 10
set format y "10^{%L}"
set ylabel "guest instructions of a transfer"
set key outside right top Left reverse samplen 2 spacing 1.2
set grid y
set tics nomirror
unset mytics

do for [theme in "light dark"] {
	ink = theme eq "light" ? "#24292f" : "#e6edf3"
	faint = theme eq "light" ? "#afb8c1" : "#586069"
	colours = theme eq "light" ? light : dark
	set terminal svg size 840,400 font "sans-serif,14" enhanced
	set border 3 linecolor rgb ink
	set grid y linecolor rgb faint
	set key textcolor rgb ink
	set tics textcolor rgb ink
	set ylabel textcolor rgb ink
	set xlabel textcolor rgb ink
	set title textcolor rgb ink

	set output sprintf("%s/size-%s.svg", folder, theme)
	set title sprintf("One transfer of scattered pages (%s)", cell)
	set logscale x 2
	set xtics ("4K" 4096, "16K" 16384, "64K" 65536, "256K" 262144, "1M" 1048576, "4M" 4194304, "16M" 16777216)
	set xlabel "size"
	set xrange [3500:20000000]
	plot for [i = 1:words(arms)] csv using (column("size")):(pick(i, "batch", 1)) \
		with linespoints linewidth 2 pointtype int(word(points, i)) pointsize 0.7 \
		linecolor rgb word(colours, i) title word(names, i)

	set output sprintf("%s/batch-%s.svg", folder, theme)
	set title sprintf("4 KiB, several transfers at once (%s)", cell)
	set xtics ("1" 1, "4" 4, "16" 16, "64" 64)
	set xlabel "transfers at once"
	set xrange [0.9:70]
	plot for [i = 1:words(arms)] csv using (column("batch")):(pick(i, "size", 4096)) \
		with linespoints linewidth 2 pointtype int(word(points, i)) pointsize 0.7 \
		linecolor rgb word(colours, i) title word(names, i)
}
