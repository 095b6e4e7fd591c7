//go:build ignore

// Command measure runs programs and says what they cost.
//
//	measure run RESULTS CAPTURE PROGRAM COMMAND...   one run: a line is added to RESULTS
//	measure table RESULTS                            the best of the runs, in Markdown
//	measure targets RESULTS                          the project's targets and what was measured
//	measure floors BENCHMARK                         the output of BenchmarkPipeline, a row a capture
//
// A line of RESULTS has tabs between its fields: capture, program, wall time, CPU
// time (user and system) in seconds, peak memory in bytes, exit code. CPU time is
// what wait4(2) reports, from the scheduler's clock: precise in sum, though its
// parts, user and system, are guessed from ticks. Where SCALE is set, the program
// is given one in so many packets only, and its times are multiplied, save for
// the START seconds that it takes for a capture of one packet. Lines that begin
// with # are a capture's size in bytes, packets, connections, messages.
package main

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

func main() {
	var err error
	switch args := os.Args[1:]; {
	case len(args) >= 5 && args[0] == "run":
		err = run(args[1], args[2], args[3], args[4:])
	case len(args) == 2 && args[0] == "table":
		err = report(args[1], (*results).table)
	case len(args) == 2 && args[0] == "targets":
		err = report(args[1], (*results).targets)
	case len(args) == 2 && args[0] == "floors":
		err = floors(args[1])
	default:
		err = errors.New("usage: measure run RESULTS CAPTURE PROGRAM COMMAND... | measure table|targets RESULTS | measure floors BENCHMARK")
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "measure:", err)
		os.Exit(1)
	}
}

// run runs a command and adds a line to results. A command that fails is a line too.
func run(results, file, tool string, command []string) error {
	c := exec.Command(command[0], command[1:]...)
	var complaint strings.Builder
	c.Stderr = &complaint
	begun := time.Now()
	err := c.Run() // its output goes to /dev/null
	wall := time.Since(begun)
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		return err
	}
	if err != nil {
		lines := strings.Split(strings.TrimSpace(complaint.String()), "\n")
		fmt.Fprintf(os.Stderr, "measure: %s on %s: %v: %s\n", tool, file, err, lines[len(lines)-1])
	}
	scale, err := scaling()
	if err != nil {
		return err
	}
	use, ok := c.ProcessState.SysUsage().(*syscall.Rusage)
	if !ok {
		return errors.New("this system does not say what a process used")
	}
	cpu := c.ProcessState.UserTime() + c.ProcessState.SystemTime()
	f, err := os.OpenFile(results, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(f, "%s\t%s\t%.4f\t%.4f\t%d\t%d\n", file, tool, scale(wall), scale(cpu), use.Maxrss<<10, c.ProcessState.ExitCode())
	return errors.Join(err, f.Close())
}

// scaling returns how a measured time becomes seconds for the whole capture.
func scaling() (func(time.Duration) float64, error) {
	number := func(name string, value float64) (float64, error) {
		if s := os.Getenv(name); s != "" {
			return strconv.ParseFloat(s, 64)
		}
		return value, nil
	}
	by, err := number("SCALE", 1)
	start, err2 := number("START", 0)
	return func(d time.Duration) float64 {
		return start + max(0, d.Seconds()-start)*by
	}, errors.Join(err, err2)
}

// best is the least of each figure over the runs of a program on a capture.
type best struct {
	wall, cpu float64 // s
	memory    int64   // bytes
	code      int     // of the last run that failed; 127: not installed
}

// capture is what bench/compare says of one.
type capture struct {
	size, packets, connections, messages float64
}

// base is the program that the others are compared with.
const base = "tcpdump -w"

// results are the runs by capture and program, and the order in which they came.
type results struct {
	captures, programs []string
	about              map[string]capture
	best               map[[2]string]*best
}

// report parses results and prints them.
func report(path string, print func(*results)) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	r := &results{about: map[string]capture{}, best: map[[2]string]*best{}}
	in := bufio.NewScanner(f)
	for in.Scan() {
		if err := r.line(strings.Split(in.Text(), "\t")); err != nil {
			return fmt.Errorf("%s: %q: %w", path, in.Text(), err)
		}
	}
	print(r)
	return in.Err()
}

func (r *results) line(fields []string) error {
	if len(fields) != 6 {
		return fmt.Errorf("%d fields, not 6", len(fields))
	}
	if fields[0] == "#" {
		var c capture
		_, err := fmt.Sscan(strings.Join(fields[2:], " "), &c.size, &c.packets, &c.connections, &c.messages)
		r.about[fields[1]] = c
		return err
	}
	var b best
	if _, err := fmt.Sscan(strings.Join(fields[2:], " "), &b.wall, &b.cpu, &b.memory, &b.code); err != nil {
		return err
	}
	if !slices.Contains(r.captures, fields[0]) {
		r.captures = append(r.captures, fields[0])
	}
	if !slices.Contains(r.programs, fields[1]) {
		r.programs = append(r.programs, fields[1])
	}
	key := [2]string{fields[0], fields[1]}
	if was := r.best[key]; was != nil {
		b = best{min(was.wall, b.wall), min(was.cpu, b.cpu), min(was.memory, b.memory), max(was.code, b.code)}
	}
	r.best[key] = &b
	return nil
}

// ratio is a program's CPU and wall time by that of base.
func (r *results) ratio(capture, program string) (cpu, wall float64, ok bool) {
	b, of := r.best[[2]string{capture, program}], r.best[[2]string{capture, base}]
	if b == nil || of == nil || b.code != 0 || of.code != 0 || of.cpu == 0 || of.wall == 0 {
		return 0, 0, false
	}
	return b.cpu / of.cpu, b.wall / of.wall, true
}

// table prints each program's cost, and its times as multiples of base.
func (r *results) table() {
	fmt.Println("| capture | program | CPU | × tcpdump -w | ns a packet | wall | × tcpdump -w | peak memory |")
	fmt.Println("|---|---|---:|---:|---:|---:|---:|---:|")
	for _, name := range r.captures {
		for _, program := range r.programs {
			b := r.best[[2]string{name, program}]
			switch {
			case b == nil:
				continue
			case b.code == 127:
				fmt.Printf("| %s | %s | not installed | | | | | |\n", name, program)
				continue
			case b.code != 0:
				fmt.Printf("| %s | %s | failed, exit code %d | | | | | |\n", name, program, b.code)
				continue
			}
			byCPU, byWall := "", ""
			if cpu, wall, ok := r.ratio(name, program); ok {
				byCPU, byWall = fmt.Sprintf("%.2f", cpu), fmt.Sprintf("%.2f", wall)
			}
			perPacket := ""
			if packets := r.about[name].packets; packets > 0 {
				perPacket = fmt.Sprintf("%.0f", b.cpu/packets*1e9)
			}
			fmt.Printf("| %s | %s | %.3f s | %s | %s | %.3f s | %s | %s |\n", name, program, b.cpu, byCPU, perPacket, b.wall, byWall, mib(b.memory))
		}
	}
}

func mib(n int64) string { return fmt.Sprintf("%d MiB", (n+1<<19)>>20) }

// targets prints what the project wants to reach beside what was measured.
func (r *results) targets() {
	fmt.Println("| work | target | measured | |")
	fmt.Println("|---|---:|---:|---|")
	row := func(work, unit string, target, measured float64, ok bool) {
		if !ok {
			fmt.Printf("| %s | %g %s | not measured | |\n", work, target, unit)
			return
		}
		verdict := "missed"
		if measured <= target {
			verdict = "met"
		}
		fmt.Printf("| %s | %g %s | %.2f %s | %s |\n", work, target, unit, measured, unit, verdict)
	}
	const stats, json = "sockeye stats", "sockeye messages --json"
	for _, t := range []struct {
		work, capture, program string
		target                 float64
	}{
		{"`stats`, chat", "chat", stats, 1.5},
		{"`stats`, messy", "messy", stats, 1.5},
		{"`stats`, bulk messages", "bulk", stats, 0.9},
		{"`stats`, mostly other traffic", "raw", stats, 0.9},
		{"`stats`, short connections (manyconn)", "manyconn", stats, 1.6},
		{"every message of chat as JSON with payload", "chat", json, 3.5},
	} {
		cpu, _, ok := r.ratio(t.capture, t.program)
		row(t.work, "× tcpdump -w", t.target, cpu, ok)
	}
	b, about := r.best[[2]string{"deflate", stats}], r.about["deflate"]
	if ok := b != nil && b.code == 0 && about.messages > 0; ok {
		row("`stats`, deflate, all of it by the number of messages", "µs a message", 2, b.cpu/about.messages*1e6, ok)
	}
	var most int64
	for _, name := range r.captures {
		for _, program := range []string{stats, json} {
			if b := r.best[[2]string{name, program}]; b != nil && name != "manyconn" {
				most = max(most, b.memory)
			}
		}
	}
	row("peak memory, any of them but manyconn", "MiB", 64, float64(most)/(1<<20), most > 0)
	b, about = r.best[[2]string{"manyconn", stats}], r.about["manyconn"]
	least := r.best[[2]string{"chat", stats}]
	if b != nil && least != nil && about.connections > 0 {
		row("memory on manyconn, above that on chat", "bytes a connection", 1024, float64(b.memory-least.memory)/about.connections, true)
	}
}

// floors prints ns a packet of BenchmarkPipeline's stages: each floor's own, and all.
func floors(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	var captures, stages []string
	ns, allocs := map[[2]string]float64{}, map[[2]string]float64{}
	in := bufio.NewScanner(f)
	for in.Scan() {
		words := strings.Fields(in.Text())
		if len(words) == 0 || !strings.HasPrefix(words[0], "BenchmarkPipeline/") {
			continue
		}
		parts := strings.Split(words[0], "/")
		stage := strings.TrimRight(strings.TrimRight(parts[2], "0123456789"), "-")
		key := [2]string{parts[1], stage}
		if !slices.Contains(captures, parts[1]) {
			captures = append(captures, parts[1])
		}
		if !slices.Contains(stages, stage) {
			stages = append(stages, stage)
		}
		for i, unit := range words {
			v, err := strconv.ParseFloat(words[max(0, i-1)], 64)
			switch {
			case err != nil:
			case unit == "ns/packet":
				ns[key] = v
			case unit == "allocs/packet":
				allocs[key] = v
			}
		}
	}
	fmt.Print("| capture |")
	for _, s := range stages {
		_, name, _ := strings.Cut(s, "-")
		fmt.Printf(" %s |", name)
	}
	fmt.Print(" all without JSON | allocations |\n|---|", strings.Repeat("---:|", len(stages)+2), "\n")
	for _, name := range captures {
		fmt.Printf("| %s |", name)
		before := 0.0
		for _, s := range stages {
			v := ns[[2]string{name, s}]
			fmt.Printf(" %.0f |", max(0, v-before))
			before = v
		}
		whole := [2]string{name, "4-dissect"}
		fmt.Printf(" %.0f | %.3f |\n", ns[whole], allocs[whole])
	}
	return in.Err()
}
