package main

import (
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"
)

// result is one run of one of the five.
type result struct {
	wall, cpu time.Duration
	peak      int64 // bytes of resident memory
	records   int   // counted at the broker
	sum       uint64
}

// measure runs the command and takes its CPU time from the kernel, and its peak of memory where /proc tells it: what wait4 says of
// memory would count this process before it became the other.
func measure(cmd *exec.Cmd) (r result, err error) {
	var said strings.Builder
	cmd.Stderr = &said
	start := time.Now()
	if err := cmd.Start(); err != nil {
		return r, err
	}
	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }()
	status := fmt.Sprintf("/proc/%d/status", cmd.Process.Pid)
	for tick := time.NewTicker(10 * time.Millisecond); ; {
		select {
		case <-tick.C:
			r.peak = max(r.peak, peakOf(status))
			continue
		case err = <-done:
			tick.Stop()
		}
		r.wall = time.Since(start)
		r.cpu = cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
		if err != nil {
			err = fmt.Errorf("%w: %s", err, said.String())
		}
		return r, err
	}
}

// peakOf is 0 where there is no /proc.
func peakOf(status string) (bytes int64) {
	text, _ := os.ReadFile(status)
	if _, peak, ok := strings.Cut(string(text), "VmHWM:"); ok {
		fmt.Sscan(peak, &bytes) //nolint:errcheck // 0 then
	}
	return bytes << 10
}

func ratio[N time.Duration | int64](a, b N) float64 { return float64(a) / float64(max(b, 1)) }

// medianOf takes the median of each number by itself.
func medianOf(rs []result) result {
	m := rs[0]
	wall, cpu, peak := make([]time.Duration, len(rs)), make([]time.Duration, len(rs)), make([]int64, len(rs))
	for i, r := range rs {
		wall[i], cpu[i], peak[i] = r.wall, r.cpu, r.peak
	}
	slices.Sort(wall)
	slices.Sort(cpu)
	slices.Sort(peak)
	m.wall, m.cpu, m.peak = wall[len(rs)/2], cpu[len(rs)/2], peak[len(rs)/2]
	return m
}
