package arrange

import "slices"

// Which runs are merged, and when.
//
// Runs are ordered by age, the newest last. A run is due when those newer than
// it have together as many rows, and the oldest due run is merged with all
// that are newer, at once. What takes rows away counts double, since it makes
// as many rows of the older runs needless: a table that was emptied gives its
// memory back although the last deletions are still in the tail. So each run that stays has more rows than all newer
// ones together, there are at most about log2(rows / Env.TailRows) runs, about
// half of that on average, and a row is written half as often.

// due returns the position of the oldest run that is due, len(runs) for none.
func due(runs []*run) int {
	at, newer := len(runs), 0
	for i := len(runs) - 1; i > 0; i-- {
		newer += runs[i].rows + int(max(-runs[i].sum, 0))
		if runs[i-1].rows <= newer {
			at = i - 1
		}
	}
	return at
}

// tidy merges what is due, in the background if the Env has one. It is called
// by the writer, with nothing staged.
func (l *Lane) tidy() {
	if l.env.Merge == nil {
		l.mergeFree()
		return
	}
	l.mu.Lock()
	begin := !l.merging && due(l.runs) < len(l.runs)
	l.merging = l.merging || begin
	l.mu.Unlock()
	if begin {
		l.env.Merge(l.mergeAll)
	}
}

// mergeAll merges published runs until none is due, or the disk fails; then
// the next Publish tries again. It runs beside the writer.
func (l *Lane) mergeAll() {
	for ok := true; ; {
		l.mu.Lock()
		var old []*run
		if ok && !l.dropped {
			old = l.take(l.before.Load().st.Load().runs)
		}
		l.merging = old != nil
		l.mu.Unlock()
		if old == nil {
			return
		}
		ok = l.merge(old)
	}
}

// mergeFree merges, in the caller, the writer, due runs that no merge in the
// background reads.
func (l *Lane) mergeFree() {
	l.mu.Lock()
	free := 0
	for i, r := range l.runs {
		if r.merging {
			free = i + 1
		}
	}
	old := l.take(l.runs[free:])
	l.mu.Unlock()
	if old != nil {
		l.merge(old)
	}
}

// take returns the runs that are due, nil for none, and marks them. l.mu is
// held.
func (l *Lane) take(runs []*run) []*run {
	at := due(runs)
	if at == len(runs) {
		return nil
	}
	for _, r := range runs[at:] {
		if r.merging {
			return nil
		}
	}
	for _, r := range runs[at:] {
		r.merging = true
	}
	return runs[at:]
}

// merge replaces the runs old by their sum. A fault of the disk leaves them.
func (l *Lane) merge(old []*run) bool {
	sum, err := mergeRuns(l.sh, old)
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, r := range old {
		r.merging = false
	}
	if err != nil || l.dropped {
		return false
	}
	var sums []*run
	if sum != nil {
		sums = []*run{sum}
	}
	l.runs = replace(l.runs, old, sums)
	for _, s := range []*Snap{l.before.Load(), l.after} {
		if s != nil {
			st := s.st.Load()
			s.st.Store(&state{runs: replace(st.runs, old, sums), tail: st.tail})
		}
	}
	l.count()
	return true
}

// replace returns runs with the neighbours old replaced by sums; runs itself
// when old is not in it.
func replace(runs, old, sums []*run) []*run {
	at := slices.Index(runs, old[0])
	if at < 0 || at+len(old) > len(runs) || !slices.Equal(runs[at:at+len(old)], old) {
		return runs
	}
	return slices.Concat(runs[:at], sums, runs[at+len(old):])
}
