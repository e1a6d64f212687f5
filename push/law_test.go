package push_test

import (
	"flag"
	"math/rand"
	"slices"
	"testing"

	"github.com/weirdb/weir/plan"
)

var (
	seed  = flag.Int64("push.seed", 0, "run this seed only")
	plans = flag.Int("push.plans", 0, "random plans for each test, 0 for the usual number")
)

// holds runs a law under the configs and reports a break, shrunk.
func holds(t *testing.T, seed int64, l *law, cfgs ...config) {
	t.Helper()
	if err := plan.Validate(l.node); err != nil {
		t.Fatalf("seed %d: the test made a bad plan: %v\n%s", seed, err, plan.Explain(l.node))
	}
	logs := map[config][]string{}
	for _, cfg := range cfgs {
		log, err := hold(l, cfg)
		if err != nil {
			small := shrink(l, cfg)
			if _, again := hold(small, cfg); again != nil {
				err = again
			}
			t.Fatalf("seed %d, %s: %v\n%s", seed, cfg, err, script(small))
		}
		cfg.workers = 0
		if other, ok := logs[cfg]; ok && !slices.Equal(log, other) {
			t.Fatalf("seed %d, %s: the number of workers shows in the output\n%s", seed, cfg, script(l))
		}
		logs[cfg] = log
	}
}

// eachSeed calls f for a number of seeds.
func eachSeed(t *testing.T, usual int, f func(seed int64, r *rand.Rand)) {
	t.Helper()
	n := usual
	if *plans > 0 {
		n = *plans
	}
	from := int64(1)
	if *seed != 0 {
		from, n = *seed, 1
	}
	for s := from; s < from+int64(n); s++ {
		f(s, rand.New(rand.NewSource(s)))
	}
}

// configs are the ways every law is run.
func configs(r *rand.Rand, steps int) []config {
	return []config{
		{lanes: 1, workers: 1},
		{lanes: 1, workers: 1, share: true, optimise: true, feint: true},
		{lanes: 3, workers: 1, share: true, feint: true},
		{lanes: 3, workers: 7, share: true, feint: true},
		{lanes: 3, workers: 1, share: true, optimise: true, late: r.Intn(steps), chunk: 1 + r.Intn(6), feint: true},
		{lanes: 1, workers: 1, late: r.Intn(steps), chunk: 1 + r.Intn(40)},
	}
}

// TestOperators holds the law for one operator at a time, over relations and
// simple inputs.
func TestOperators(t *testing.T) {
	for _, kind := range []string{"filter", "project", "union", "inner", "left", "semi", "anti", "nullanti", "aggregate", "distinct", "top"} {
		t.Run(kind, func(t *testing.T) {
			eachSeed(t, 40, func(seed int64, r *rand.Rand) {
				p := &planner{Rand: r, rels: randomRelations(r), small: true}
				depth := 1
				if r.Intn(4) == 0 {
					depth = 2
				}
				l := &law{rels: p.rels, node: p.op(kind, depth), hist: randomHistory(r, p.rels, 12, 0)}
				holds(t, seed, l, configs(r, 12)...)
			})
		})
	}
}

// TestPlans holds the law for whole random plans.
func TestPlans(t *testing.T) {
	eachSeed(t, 150, func(seed int64, r *rand.Rand) {
		p := &planner{Rand: r, rels: randomRelations(r), small: true}
		l := &law{rels: p.rels, node: p.node(4), hist: randomHistory(r, p.rels, 10, 0)}
		holds(t, seed, l, configs(r, 10)...)
	})
}

// TestLargeSteps holds the law where steps are large enough to be run by
// several workers and to pass batch after batch.
func TestLargeSteps(t *testing.T) {
	eachSeed(t, 10, func(seed int64, r *rand.Rand) {
		p := &planner{Rand: r, rels: randomRelations(r)}
		l := &law{rels: p.rels, node: p.node(2), hist: randomHistory(r, p.rels, 4, 5000)}
		l.hist[r.Intn(len(l.hist))] = randomHistory(r, p.rels, 1, 5000)[0]
		holds(t, seed, l, config{lanes: 3, workers: 1, share: true}, config{lanes: 3, workers: 7, share: true},
			config{lanes: 1, workers: 1, late: 2, chunk: 3000})
	})
}
