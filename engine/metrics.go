package engine

import (
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/weirdb/weir/catalog"
	"github.com/weirdb/weir/mem"
	"github.com/weirdb/weir/shard"
)

// metrics counts what the node does. Counters of hot paths are atomics that
// are read when Prometheus asks.
type metrics struct {
	e          *Engine
	registry   *prometheus.Registry
	statements sync.Map // verb -> *verbStats
	read       atomic.Int64
	written    atomic.Int64
	changed    atomic.Int64 // rows of tables and views that steps changed
	steps      atomic.Int64
}

// verbStats are the statements of one kind.
type verbStats struct{ count, failed, nanos atomic.Int64 }

func newMetrics(e *Engine) *metrics {
	m := &metrics{e: e, registry: prometheus.NewRegistry()}
	m.registry.MustRegister(m)
	return m
}

// Metrics returns the handler of /metrics, in Prometheus' text format.
func (e *Engine) Metrics() http.Handler {
	return promhttp.HandlerFor(e.metrics.registry, promhttp.HandlerOpts{})
}

func (m *metrics) statement(verb string, took time.Duration, err error) {
	v, ok := m.statements.Load(verb)
	if !ok {
		v, _ = m.statements.LoadOrStore(verb, new(verbStats))
	}
	s := v.(*verbStats)
	s.count.Add(1)
	s.nanos.Add(int64(took))
	if err != nil {
		s.failed.Add(1)
	}
}

func (m *metrics) rowsRead(n int64)     { m.read.Add(n) }
func (m *metrics) rowsWritten(n uint64) { m.written.Add(int64(n)) }

func (m *metrics) step(eff *shard.Effect, _ *shard.Root) {
	m.steps.Add(1)
	m.changed.Add(int64(eff.Rows))
}

var (
	descStatements = prometheus.NewDesc("weir_statements_total", "Statements run, by kind.", []string{"kind"}, nil)
	descErrors     = prometheus.NewDesc("weir_statement_errors_total", "Statements that failed, by kind.", []string{"kind"}, nil)
	descSeconds    = prometheus.NewDesc("weir_statement_seconds_total", "Time spent in statements, by kind.", []string{"kind"}, nil)
	descRead       = prometheus.NewDesc("weir_rows_read_total", "Rows sent to clients.", nil, nil)
	descWritten    = prometheus.NewDesc("weir_rows_written_total", "Rows that statements wrote.", nil, nil)
	descChanged    = prometheus.NewDesc("weir_rows_changed_total", "Rows of tables and views that steps changed.", nil, nil)
	descSteps      = prometheus.NewDesc("weir_steps_total", "Log entries applied.", nil, nil)
	descStepTime   = prometheus.NewDesc("weir_step_seconds_total", "Time spent in steps.", nil, nil)
	descLogIndex   = prometheus.NewDesc("weir_log_index", "Index of the last log entry.", nil, nil)
	descLogBytes   = prometheus.NewDesc("weir_log_bytes_total", "Bytes appended to the log.", nil, nil)
	descLogAppends = prometheus.NewDesc("weir_log_appends_total", "Entries appended to the log.", nil, nil)
	descSyncs      = prometheus.NewDesc("weir_log_fsyncs_total", "Times the log was made durable.", nil, nil)
	descSyncTime   = prometheus.NewDesc("weir_log_fsync_seconds_total", "Time spent making the log durable.", nil, nil)
	descSessions   = prometheus.NewDesc("weir_sessions", "Open sessions.", nil, nil)
	descMemory     = prometheus.NewDesc("weir_memory_bytes", "Memory counted, by use.", []string{"class"}, nil)
	descBudget     = prometheus.NewDesc("weir_memory_budget_bytes", "Memory that may be counted; 0 is no limit.", nil, nil)
	descRelRows    = prometheus.NewDesc("weir_relation_rows", "Rows of tables and views.", []string{"db", "name", "kind"}, nil)
	descRelBytes   = prometheus.NewDesc("weir_relation_bytes", "Memory of tables and views.", []string{"db", "name", "kind"}, nil)
	descViewState  = prometheus.NewDesc("weir_view_state", "1 for the state that a view is in.", []string{"db", "name", "state"}, nil)
	descUptime     = prometheus.NewDesc("weir_uptime_seconds", "Time since the node was opened.", nil, nil)
)

// Describe implements prometheus.Collector.
func (m *metrics) Describe(ch chan<- *prometheus.Desc) { prometheus.DescribeByCollect(m, ch) }

// Collect implements prometheus.Collector.
func (m *metrics) Collect(ch chan<- prometheus.Metric) {
	counter := func(d *prometheus.Desc, v float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, v, labels...)
	}
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	m.statements.Range(func(k, v any) bool {
		s := v.(*verbStats)
		counter(descStatements, float64(s.count.Load()), k.(string))
		counter(descErrors, float64(s.failed.Load()), k.(string))
		counter(descSeconds, float64(s.nanos.Load())/1e9, k.(string))
		return true
	})
	counter(descRead, float64(m.read.Load()))
	counter(descWritten, float64(m.written.Load()))
	counter(descChanged, float64(m.changed.Load()))
	counter(descSteps, float64(m.steps.Load()))
	gauge(descUptime, m.e.opt.Now().Sub(m.e.started).Seconds())
	m.collectState(counter, gauge)
}

// collectState reports the log, the memory and the relations.
func (m *metrics) collectState(counter, gauge func(*prometheus.Desc, float64, ...string)) {
	e := m.e
	if e.log == nil {
		return // asked while the node opens
	}
	counter(descStepTime, float64(e.machine.StepNanos())/1e9)
	st := e.log.Stats()
	gauge(descLogIndex, float64(st.LastIndex))
	counter(descLogBytes, float64(st.Bytes))
	counter(descLogAppends, float64(st.Appends))
	counter(descSyncs, float64(st.Syncs))
	counter(descSyncTime, float64(st.SyncNanos)/1e9)
	e.mu.Lock()
	gauge(descSessions, float64(len(e.sessions)))
	e.mu.Unlock()
	for _, c := range mem.Classes() {
		gauge(descMemory, float64(e.budget.Used(c)), c.String())
	}
	gauge(descBudget, float64(e.budget.Limit()))
	root := e.machine.Root()
	for _, r := range root.Catalog.Relations() {
		id, db, name := r.Ident()
		state := root.Rel(id)
		kind := "table"
		if v, ok := r.(*catalog.View); ok {
			kind = "view"
			gauge(descViewState, 1, db, name, viewState(v, state))
		}
		gauge(descRelRows, float64(state.Main.Rows()), db, name, kind)
		gauge(descRelBytes, float64(state.Memory), db, name, kind)
	}
}

// viewState names the state that a view is in.
func viewState(v *catalog.View, state *shard.Rel) string {
	switch {
	case state.Failed != nil:
		return "failed"
	case !v.Ready:
		return "filling"
	case state.Errors != nil:
		return "errors"
	}
	return "ready"
}

// status fills SHOW STATUS with the counters that tools ask for.
func (m *metrics) status(a *answer) {
	e := m.e
	st := e.log.Stats()
	questions := int64(0)
	byVerb := map[string]int64{}
	m.statements.Range(func(k, v any) bool {
		n := v.(*verbStats).count.Load()
		questions += n
		byVerb[k.(string)] = n
		return true
	})
	for _, verb := range []string{"delete", "insert", "replace", "select", "update"} {
		a.add("Com_"+verb, byVerb[verb])
	}
	a.add("Queries", questions)
	a.add("Questions", questions)
	e.mu.Lock()
	a.add("Threads_connected", len(e.sessions))
	e.mu.Unlock()
	a.add("Uptime", int64(e.opt.Now().Sub(e.started).Seconds()))
	a.add("Weir_log_fsyncs", st.Syncs)
	a.add("Weir_log_index", st.LastIndex)
	a.add("Weir_memory_bytes", e.budget.Total())
	a.add("Weir_rows_changed", m.changed.Load())
	a.add("Weir_steps", m.steps.Load())
}
