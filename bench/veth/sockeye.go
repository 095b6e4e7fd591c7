//go:build ignore

package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/sockeye-dev/sockeye/capture/pcapfile"
)

// session is sockeye capturing on near.
type session struct {
	*exec.Cmd
	errs *bufio.Reader
	said string // standard error so far
}

// start starts sockeye and waits until it captures: what is sent from now on, it
// must see or count. Its results go to /dev/null, or are read as by a program behind it.
func (p *pair) start(o *options) (*session, error) {
	args := append([]string{}, o.command...)
	args = append(args, "-i", "near")
	if o.command[0] != "capture" {
		args = append(args, "-v", "--progress", "never")
	}
	s := &session{Cmd: exec.Command(o.program, args...)}
	if o.read {
		results, err := s.StdoutPipe()
		if err != nil {
			return nil, err
		}
		go io.Copy(struct{ io.Writer }{io.Discard}, results) // until sockeye ends
	}
	errs, err := s.StderrPipe()
	if err != nil {
		return nil, err
	}
	s.errs = bufio.NewReader(errs)
	if err := p.near.Do(s.Start); err != nil {
		return nil, err
	}
	if s.said, err = s.errs.ReadString('\n'); err != nil || !strings.HasPrefix(s.said, "sandbox: ") {
		rest, _ := io.ReadAll(s.errs)
		return nil, errors.Join(fmt.Errorf("sockeye does not capture: %s%s", s.said, rest), s.Wait())
	}
	return s, nil
}

var (
	seenText    = regexp.MustCompile(`(?m)^(?:packets: +|captured on .*?: )([0-9,]+)`)
	droppedText = regexp.MustCompile(`(?:the kernel dropped|dropped by the kernel:) ([0-9,]+)`)
)

// end interrupts sockeye and reads what it says.
func (s *session) end() (*figures, error) {
	time.Sleep(200 * time.Millisecond) // as long as a packet may wait in its block
	if err := s.Process.Signal(syscall.SIGINT); err != nil {
		return nil, err
	}
	rest, err := io.ReadAll(s.errs)
	if err != nil {
		return nil, err
	}
	s.said += string(rest)
	err = s.Wait()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		return nil, err
	}
	if code := s.ProcessState.ExitCode(); code != 130 && code != 5 {
		return nil, fmt.Errorf("sockeye ended with %d: %s", code, s.said)
	}
	f := &figures{cpu: s.ProcessState.UserTime() + s.ProcessState.SystemTime()}
	if use, ok := s.ProcessState.SysUsage().(*syscall.Rusage); ok {
		f.peak = use.Maxrss << 10
	}
	if f.seen, err = number(seenText, s.said); err != nil {
		return nil, err
	}
	if droppedText.MatchString(s.said) {
		f.dropped, err = number(droppedText, s.said)
	}
	return f, err
}

func number(in *regexp.Regexp, text string) (int, error) {
	m := in.FindStringSubmatch(text)
	if m == nil {
		return 0, fmt.Errorf("no %v in what sockeye says: %s", in, text)
	}
	return strconv.Atoi(strings.ReplaceAll(m[1], ",", ""))
}

// soak sends packets of the pcap file on standard input, a millisecond's share at
// a time, and looks at sockeye every second.
func soak(o *options) error {
	packets, err := pcapfile.NewReader(pcapfile.StdinName, os.Stdin)
	if err != nil {
		return err
	}
	p, err := newPair()
	if err != nil {
		return err
	}
	defer p.close()
	s, err := p.start(o)
	if err != nil {
		return err
	}
	begun := time.Now()
	sent, looked := 0, 0
	for time.Since(begun) < o.length {
		packet, err := packets.Next()
		if err == nil {
			err = p.sender.send(packet.Data, 0)
		}
		if err != nil {
			_, ended := s.end()
			return errors.Join(err, ended)
		}
		sent++
		if sent%max(o.rate/1000, 1) != 0 {
			continue
		}
		pace(begun, sent, o.rate)
		if now := int(time.Since(begun).Seconds()); now > looked {
			looked = now
			fmt.Printf("%d\t%d\t%d\t%d\n", now, sent, s.status("VmRSS"), s.status("VmHWM"))
		}
	}
	took := time.Since(begun)
	f, err := s.end()
	if err != nil {
		return err
	}
	f.sent, f.asked, f.reached = sent, o.rate, float64(sent)/took.Seconds()
	fmt.Fprintln(os.Stderr, f.line(o))
	return f.verdict()
}

// status is a number of kB from /proc/PID/status, 0 if it is not there.
func (s *session) status(name string) int {
	b, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.Process.Pid))
	for line := range strings.Lines(string(b)) {
		if value, ok := strings.CutPrefix(line, name+":"); ok {
			n, _ := strconv.Atoi(strings.TrimSuffix(strings.TrimSpace(value), " kB"))
			return n
		}
	}
	return 0
}
