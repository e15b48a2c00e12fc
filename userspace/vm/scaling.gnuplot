# SPDX-License-Identifier: GPL-2.0-only
# Transfers a second by processors, simulated, as pictures.
#
#   gnuplot -e "csv='FILE'; folder='DIR'" scaling.gnuplot
#
# Twice: for a light page and for a dark one. The ground is the page's.

set datafile separator comma
set datafile columnheaders
set datafile missing NaN

# Arm, batch, name in the key, and colour for a light and for a dark page, as bench.gnuplot has them.
arms = "driver plain changed changed unchanged unchanged vfio"
batches = "1 1 1 16 1 16 1"
names = "'driver: pin, map, unmap, unpin' 'plain: dma\\_map\\_sg' 'reserved, changed' 'reserved, changed, 16 at once' \
	'reserved, unchanged' 'reserved, unchanged, 16 at once' 'VFIO, map stays'"
light = "#d55e00 #b07d00 #0072b2 #2a9df4 #00775a #5a9e00 #000000"
dark = "#ff8f4d #e6b422 #56a8e8 #9bd3ff #2fd0a3 #b5e06a #ffffff"
points = "5 7 11 4 15 13 6"

pick(i) = strcol("arm") eq word(arms, i) && column("batch") == int(word(batches, i)) ? \
	column("transfers_per_second") : NaN

set logscale x 2
set logscale y 10
set format y "10^{%L}"
set xrange [0.9:70]
set ylabel "transfers a second"
set xlabel "processors"
set title "Simulation, not a measurement: 4 KiB transfers, IOMMU strict"
set key outside right top Left reverse samplen 2 spacing 1.2
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
	set output sprintf("%s/scaling-%s.svg", folder, theme)
	plot for [i = 1:words(arms)] csv using (column("processors")):(pick(i)) \
		with linespoints linewidth 2 pointtype int(word(points, i)) pointsize 0.7 \
		linecolor rgb word(colours, i) title word(names, i)
}
