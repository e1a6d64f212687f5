package main

import (
	"bufio"
	"fmt"
	"os"
	"runtime/debug"
	"strings"
)

// machineMemory returns the bytes of memory that this process may use: the
// machine's, or its control group's when that is less. 4 GiB when neither can
// be read.
func machineMemory() int64 {
	total := int64(4 << 30)
	if f, err := os.Open("/proc/meminfo"); err == nil {
		defer f.Close()
		for sc := bufio.NewScanner(f); sc.Scan(); {
			var kb int64
			if n, _ := fmt.Sscanf(sc.Text(), "MemTotal: %d kB", &kb); n == 1 {
				total = kb << 10
			}
		}
	}
	if text, err := os.ReadFile("/sys/fs/cgroup/memory.max"); err == nil {
		var limit int64
		if n, _ := fmt.Sscanf(strings.TrimSpace(string(text)), "%d", &limit); n == 1 && limit < total {
			total = limit
		}
	}
	return total
}

// limitHeap keeps the collector below 95 % of memory, unless GOMEMLIMIT says
// otherwise.
func limitHeap(memory int64) {
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(memory / 100 * 95)
	}
}
