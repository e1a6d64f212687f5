package memory_test

import (
	"testing"

	"go.uber.org/goleak"

	"github.com/weirdb/weir/wlog"
	"github.com/weirdb/weir/wlog/memory"
	"github.com/weirdb/weir/wlog/wlogtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestConformance(t *testing.T) {
	wlogtest.Run(t, func(_ *testing.T, m wlog.Driven) (wlog.Log, error) { return memory.Open(m) })
}
