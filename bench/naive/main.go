//go:build ignore

// Command naive counts WebSocket messages the way a program does that was put
// together from gopacket's parts in a day: pcapgo, DecodingLayerParser,
// reassembly, a goroutine and a channel a direction, net/http and a simple loop
// over frames. It is what bench/compare measures sockeye against; it checks
// nothing, decompresses nothing and knows no holes.
//
//	go run bench/naive/main.go FILE
package main

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
	"github.com/google/gopacket/pcapgo"
	"github.com/google/gopacket/reassembly"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: naive FILE")
		os.Exit(2)
	}
	if err := run(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "naive:", err)
		os.Exit(1)
	}
}

// counts of everything.
var connections, messages, payload atomic.Uint64

func run(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	r, err := pcapgo.NewReader(bufio.NewReaderSize(f, 1<<20))
	if err != nil {
		return err
	}
	factory := &factory{}
	assembler := reassembly.NewAssembler(reassembly.NewStreamPool(factory))
	assembler.MaxBufferedPagesPerConnection = 256
	assembler.MaxBufferedPagesTotal = 65536
	var (
		eth     layers.Ethernet
		vlan    layers.Dot1Q
		ip4     layers.IPv4
		ip6     layers.IPv6
		tcp     layers.TCP
		udp     layers.UDP
		body    gopacket.Payload
		decoded []gopacket.LayerType
	)
	parser := gopacket.NewDecodingLayerParser(layers.LayerTypeEthernet, &eth, &vlan, &ip4, &ip6, &tcp, &udp, &body)
	parser.IgnoreUnsupported = true
	packets := 0
	for {
		data, ci, err := r.ReadPacketData()
		if err == io.EOF {
			break
		}
		if err != nil {
			return err
		}
		packets++
		parser.DecodeLayers(data, &decoded) // what does not decode is passed over
		var flow gopacket.Flow
		for _, layer := range decoded {
			switch layer {
			case layers.LayerTypeIPv4:
				flow = ip4.NetworkFlow()
			case layers.LayerTypeIPv6:
				flow = ip6.NetworkFlow()
			case layers.LayerTypeTCP:
				assembler.AssembleWithContext(flow, &tcp, &context{ci})
			}
		}
		if packets%10000 == 0 {
			assembler.FlushWithOptions(reassembly.FlushOptions{T: ci.Timestamp.Add(-time.Minute), TC: ci.Timestamp.Add(-10 * time.Minute)})
		}
	}
	assembler.FlushAll()
	factory.readers.Wait()
	fmt.Printf("%d packets, %d connections, %d messages, %d bytes\n", packets, connections.Load(), messages.Load(), payload.Load())
	return nil
}

type context struct{ ci gopacket.CaptureInfo }

func (c *context) GetCaptureInfo() gopacket.CaptureInfo { return c.ci }

type factory struct{ readers sync.WaitGroup }

// New implements reassembly.StreamFactory.
func (f *factory) New(net, transport gopacket.Flow, tcp *layers.TCP, ac reassembly.AssemblerContext) reassembly.Stream {
	connections.Add(1)
	s := &stream{}
	for i := range s.side {
		s.side[i] = &side{bytes: make(chan []byte, 16), client: i == 0}
		f.readers.Add(1)
		go func() {
			defer f.readers.Done()
			s.side[i].read()
		}()
	}
	return s
}

type stream struct{ side [2]*side }

func (s *stream) Accept(*layers.TCP, gopacket.CaptureInfo, reassembly.TCPFlowDirection, reassembly.Sequence, *bool, reassembly.AssemblerContext) bool {
	return true
}

func (s *stream) ReassembledSG(sg reassembly.ScatterGather, _ reassembly.AssemblerContext) {
	dir, _, _, _ := sg.Info()
	n, _ := sg.Lengths()
	if n == 0 {
		return
	}
	i := 0
	if dir == reassembly.TCPDirServerToClient {
		i = 1
	}
	s.side[i].bytes <- append([]byte(nil), sg.Fetch(n)...)
}

func (s *stream) ReassemblyComplete(reassembly.AssemblerContext) bool {
	for _, d := range s.side {
		close(d.bytes)
	}
	return true
}

// side reads one direction as an io.Reader over a channel.
type side struct {
	bytes  chan []byte
	rest   []byte
	client bool
}

func (d *side) Read(p []byte) (int, error) {
	for len(d.rest) == 0 {
		b, ok := <-d.bytes
		if !ok {
			return 0, io.EOF
		}
		d.rest = b
	}
	n := copy(p, d.rest)
	d.rest = d.rest[n:]
	return n, nil
}

func (d *side) read() {
	r := bufio.NewReader(d)
	d.conversation(r)
	io.Copy(io.Discard, r)
}

// conversation reads HTTP until it upgrades, then frames.
func (d *side) conversation(r *bufio.Reader) {
	for {
		var body io.ReadCloser
		upgraded := false
		if d.client {
			req, err := http.ReadRequest(r)
			if err != nil {
				return
			}
			body, upgraded = req.Body, req.Header.Get("Upgrade") == "websocket"
		} else {
			resp, err := http.ReadResponse(r, nil)
			if err != nil {
				return
			}
			body, upgraded = resp.Body, resp.StatusCode == http.StatusSwitchingProtocols
		}
		if upgraded {
			break
		}
		io.Copy(io.Discard, body)
		body.Close()
	}
	for frame(r) == nil {
	}
}

// frame reads one frame, its payload in memory.
func frame(r *bufio.Reader) error {
	var h [8]byte
	if _, err := io.ReadFull(r, h[:2]); err != nil {
		return err
	}
	fin, masked, n := h[0]&0x80 != 0, h[1]&0x80 != 0, uint64(h[1]&0x7f)
	switch n {
	case 126:
		if _, err := io.ReadFull(r, h[:2]); err != nil {
			return err
		}
		n = uint64(binary.BigEndian.Uint16(h[:]))
	case 127:
		if _, err := io.ReadFull(r, h[:8]); err != nil {
			return err
		}
		n = binary.BigEndian.Uint64(h[:])
	}
	var key [4]byte
	if masked {
		if _, err := io.ReadFull(r, key[:]); err != nil {
			return err
		}
	}
	if n > 64<<20 {
		return fmt.Errorf("a frame of %d bytes", n)
	}
	b := make([]byte, n)
	if _, err := io.ReadFull(r, b); err != nil {
		return err
	}
	if masked {
		for i := range b {
			b[i] ^= key[i&3]
		}
	}
	payload.Add(n)
	if fin {
		messages.Add(1)
	}
	return nil
}
