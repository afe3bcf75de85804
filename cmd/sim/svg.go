package main

import (
	"fmt"
	"html"
	"math"
	"strings"
)

// The plot's room, in pixels of its own; the page scales it.
const (
	wide, high              = 820, 360
	left, right, top, under = 64, 16, 12, 76
)

// svg draws a plot. Its colours are the page's variables --c0 to --c5.
func (p plot) svg() string {
	x, y := p.ranges()
	var b strings.Builder
	fmt.Fprintf(&b, `<svg viewBox="0 0 %d %d" role="img" aria-label="%s">`, wide, high, html.EscapeString(p.Title))
	for _, v := range x.ticks() {
		at := x.place(v, left, wide-right)
		fmt.Fprintf(&b, `<line class="grid" x1="%.1f" y1="%d" x2="%.1f" y2="%d"/><text x="%.1f" y="%d" text-anchor="middle">%s</text>`,
			at, top, at, high-under, at, high-under+18, x.label(v))
	}
	for _, v := range y.ticks() {
		at := y.place(v, high-under, top)
		fmt.Fprintf(&b, `<line class="grid" x1="%d" y1="%.1f" x2="%d" y2="%.1f"/><text x="%d" y="%.1f" text-anchor="end">%s</text>`,
			left, at, wide-right, at, left-8, at+4, y.label(v))
	}
	fmt.Fprintf(&b, `<line class="axis" x1="%d" y1="%d" x2="%d" y2="%d"/>`, left, high-under, wide-right, high-under)
	fmt.Fprintf(&b, `<text x="%d" y="%d" text-anchor="middle">%s</text>`, (left+wide-right)/2, high-under+38, html.EscapeString(p.X))
	fmt.Fprintf(&b, `<text x="14" y="%d" text-anchor="middle" transform="rotate(-90 14 %d)">%s</text>`, (top+high-under)/2, (top+high-under)/2, html.EscapeString(p.Y))
	at := left
	for i, s := range p.Series {
		p.draw(&b, s, i, x, y)
		fmt.Fprintf(&b, `<rect x="%d" y="%d" width="12" height="12" rx="%d" style="fill:var(--c%d)"/><text x="%d" y="%d">%s</text>`,
			at, high-20, map[bool]int{true: 6, false: 1}[s.Points], i%6, at+18, high-10, html.EscapeString(s.Name))
		at += 40 + 7*len([]rune(s.Name))
	}
	b.WriteString(`</svg>`)
	return b.String()
}

// pictureStyle is what the page's style has for plots, in colours that are
// readable on light and dark ground.
const pictureStyle = `<style>svg{--c0:#1f6feb;--c1:#d9730d;--c2:#2da160;--c3:#8250df;--c4:#bf3989;--c5:#7d8590}` +
	`text{fill:#7d8590;font:12px system-ui,sans-serif}.grid{stroke:#7d859044}.axis{stroke:#7d8590}</style>`

// picture is the plot as a file of its own.
func (p plot) picture() string {
	s := strings.Replace(p.svg(), "<svg ", `<svg xmlns="http://www.w3.org/2000/svg" `, 1)
	return strings.Replace(s, ">", ">"+pictureStyle, 1) + "\n"
}

func (p plot) draw(b *strings.Builder, s series, i int, x, y axis) {
	var path []string
	for k := range s.X {
		px, py := x.place(s.X[k], left, wide-right), y.place(s.Y[k], high-under, top)
		if s.Points {
			fmt.Fprintf(b, `<circle cx="%.1f" cy="%.1f" r="4" style="fill:var(--c%d)"/>`, px, py, i%6)
		}
		path = append(path, fmt.Sprintf("%.1f,%.1f", px, py))
	}
	if !s.Points {
		fmt.Fprintf(b, `<polyline fill="none" stroke-width="2" style="stroke:var(--c%d)" points="%s"/>`, i%6, strings.Join(path, " "))
	}
}

// axis is one of a plot's two.
type axis struct {
	low, high float64
	log       bool
}

// ranges are what the axes must show.
func (p plot) ranges() (x, y axis) {
	x, y = axis{low: math.Inf(1), high: math.Inf(-1)}, axis{log: p.LogY, low: math.Inf(1), high: math.Inf(-1)}
	for _, s := range p.Series {
		for i := range s.X {
			x.low, x.high = min(x.low, s.X[i]), max(x.high, s.X[i])
			y.low, y.high = min(y.low, s.Y[i]), max(y.high, s.Y[i])
		}
	}
	if p.YMax > 0 {
		y.high = p.YMax
	}
	if !p.LogY {
		y.low = min(0, y.low)
		y.high *= 1 + 0.05*float64(map[bool]int{true: 0, false: 1}[p.YMax > 0])
	} else {
		y.low = math.Pow(10, math.Floor(math.Log10(y.low)))
	}
	for _, a := range []*axis{&x, &y} {
		if !(a.high > a.low) { // nothing, or one value
			a.low, a.high = min(a.low, 0), max(a.high, 1)
			if math.IsInf(a.low, 0) || math.IsInf(a.high, 0) {
				a.low, a.high = 0, 1
			}
		}
	}
	return x, y
}

// place maps v to pixels between from and to.
func (a axis) place(v, from, to float64) float64 {
	low, high := a.low, a.high
	if a.log {
		v, low, high = math.Log10(max(v, low)), math.Log10(low), math.Log10(high)
	}
	return from + (v-low)/(high-low)*(to-from)
}

// ticks are round values, five or so.
func (a axis) ticks() (list []float64) {
	if a.log {
		for e := math.Round(math.Log10(a.low)); e <= math.Log10(a.high)+1e-9; e++ {
			list = append(list, math.Pow(10, e))
		}
		return list
	}
	step := math.Pow(10, math.Floor(math.Log10((a.high-a.low)/4)))
	for _, m := range []float64{1, 2, 5, 10} {
		if (a.high-a.low)/(m*step) <= 7 {
			step *= m
			break
		}
	}
	for v := math.Ceil(a.low/step) * step; v <= a.high+step*1e-6; v += step {
		list = append(list, v)
	}
	return list
}

func (a axis) label(v float64) string {
	if a.log && v < .001 {
		return fmt.Sprintf("10^%d", int(math.Round(math.Log10(v))))
	}
	return fmt.Sprintf("%.4g", v)
}
