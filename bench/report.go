package bench

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"strings"
	"text/tabwriter"
)

// figure is one measured number: the median of its rounds, with the least and
// the most.
type figure struct {
	Workload string  `json:"workload"`
	Name     string  `json:"figure"`
	Unit     string  `json:"unit"`
	Median   float64 `json:"median"`
	Min      float64 `json:"min"`
	Max      float64 `json:"max"`
	Rounds   int     `json:"rounds"`
	Target   float64 `json:"target,omitempty"` // 0 is none
	AtMost   bool    `json:"at_most,omitempty"`
	Met      *bool   `json:"met,omitempty"` // nil without a target
}

// report collects figures and writes them.
type report struct {
	out     io.Writer
	json    bool
	figures []figure
}

// add takes the values of a figure, one a round.
func (r *report) add(workload, name, unit string, values ...float64) {
	f := figure{Workload: workload, Name: name, Unit: unit, Rounds: len(values)}
	if len(values) > 0 {
		sorted := slices.Sorted(slices.Values(values))
		f.Min, f.Max, f.Median = sorted[0], sorted[len(sorted)-1], median(sorted)
	}
	r.figures = append(r.figures, f)
}

// atLeast and atMost give the figure added last a target.
func (r *report) atLeast(target float64) { r.aim(target, false) }
func (r *report) atMost(target float64)  { r.aim(target, true) }

func (r *report) aim(target float64, atMost bool) {
	f := &r.figures[len(r.figures)-1]
	met := f.Median >= target
	if atMost {
		met = f.Median <= target
	}
	f.Target, f.AtMost, f.Met = target, atMost, &met
}

// median of sorted values.
func median(sorted []float64) float64 {
	n := len(sorted)
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}

// flush writes the figures collected so far and forgets them.
func (r *report) flush() {
	defer func() { r.figures = nil }()
	if r.json {
		enc := json.NewEncoder(r.out)
		for _, f := range r.figures {
			_ = enc.Encode(f)
		}
		return
	}
	w := tabwriter.NewWriter(r.out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "workload\tfigure\tmedian\tmin\tmax\tunit\ttarget\t")
	for _, f := range r.figures {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t\n", f.Workload, f.Name, number(f.Median), number(f.Min), number(f.Max), f.Unit, f.aim())
	}
	w.Flush()
	fmt.Fprintln(r.out)
}

// aim says what the target was and whether it is met.
func (f *figure) aim() string {
	if f.Met == nil {
		return ""
	}
	sign, word := ">=", "met"
	if f.AtMost {
		sign = "<="
	}
	if !*f.Met {
		word = "MISSED"
	}
	return fmt.Sprintf("%s %s %s", sign, number(f.Target), word)
}

// number writes v with a sensible number of digits and thousands apart.
func number(v float64) string {
	switch {
	case v < 10:
		return fmt.Sprintf("%.2f", v)
	case v < 1000:
		return fmt.Sprintf("%.1f", v)
	}
	digits := fmt.Sprintf("%.0f", v)
	var b strings.Builder
	for i, d := range digits {
		if i > 0 && (len(digits)-i)%3 == 0 {
			b.WriteByte(',')
		}
		b.WriteRune(d)
	}
	return b.String()
}

// machine writes what the figures were measured on.
func (r *report) machine() {
	m := map[string]string{"cpu": cpuModel(), "cores": fmt.Sprint(runtime.NumCPU()), "go": runtime.Version(), "os": runtime.GOOS + "/" + runtime.GOARCH}
	if r.json {
		_ = json.NewEncoder(r.out).Encode(m)
		return
	}
	fmt.Fprintf(r.out, "machine: %s, %s cores, %s, %s\n\n", m["cpu"], m["cores"], m["go"], m["os"])
}

func cpuModel() string {
	text, _ := os.ReadFile("/proc/cpuinfo")
	for line := range strings.Lines(string(text)) {
		if name, ok := strings.CutPrefix(line, "model name"); ok {
			return strings.TrimLeft(strings.TrimSpace(name), ": ")
		}
	}
	return "unknown processor"
}
