package http1

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"testing"
)

// tcpStreams reads a classic little-endian Ethernet capture of IPv4 and returns
// the payload of each direction by its ports, in sequence order. It is enough for
// captures of loopback that lost nothing.
func tcpStreams(t *testing.T, name string) map[[2]uint16][]byte {
	t.Helper()
	file, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	streams, next := map[[2]uint16][]byte{}, map[[2]uint16]uint32{}
	for p := file[24:]; len(p) > 16; {
		n := binary.LittleEndian.Uint32(p[8:])
		ip := p[16+14 : 16+n]
		p = p[16+n:]
		if ip[0]>>4 != 4 || ip[9] != 6 {
			continue
		}
		tcp := ip[int(ip[0]&15)*4 : binary.BigEndian.Uint16(ip[2:])]
		key := [2]uint16{binary.BigEndian.Uint16(tcp), binary.BigEndian.Uint16(tcp[2:])}
		seq, data := binary.BigEndian.Uint32(tcp[4:]), tcp[int(tcp[12]>>4)*4:]
		if tcp[13]&2 != 0 {
			next[key] = seq + 1
		}
		if len(data) > 0 && seq == next[key] {
			streams[key] = append(streams[key], data...)
			next[key] += uint32(len(data))
		}
	}
	return streams
}

// TestRealStreams reads keep-alive and pipelined traffic with nginx message by
// message, next to net/http, and holds statuses against the endpoints' log.
func TestRealStreams(t *testing.T) {
	var truth struct {
		Connections []struct {
			Client, Server struct{ Port uint16 }
			HTTP           []struct {
				Method, Path string
				Status       int
			}
		}
	}
	log, err := os.ReadFile("../../pcaps/http-keepalive.truth.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(log, &truth); err != nil {
		t.Fatal(err)
	}
	streams := tcpStreams(t, "../../pcaps/http-keepalive.pcap")
	for i, c := range truth.Connections {
		client := streams[[2]uint16{c.Client.Port, c.Server.Port}]
		server := streams[[2]uint16{c.Server.Port, c.Client.Port}]
		methods := readRequests(t, client)
		statuses := readResponses(t, server, methods)
		if len(methods) != len(c.HTTP) || len(c.HTTP) == 0 {
			t.Errorf("connection %d: methods %q, the endpoints log %v", i, methods, c.HTTP)
			continue
		}
		for j, h := range c.HTTP {
			if methods[j] != h.Method || j >= len(statuses) || statuses[j] != h.Status {
				t.Errorf("connection %d: methods %q, statuses %v, the endpoints log %v", i, methods, statuses, c.HTTP)
				break
			}
		}
	}
}

func readRequests(t *testing.T, p []byte) (methods []string) {
	std := bufio.NewReader(bytes.NewReader(p))
	for len(p) > 0 {
		if v := LooksLikeRequest(p); v != Yes {
			t.Fatalf("%.60q looks like a request: %v", p, v)
		}
		var s Scanner
		n, err := s.Scan(p)
		if n == 0 || err != nil {
			t.Fatalf("%.60q: head %d, %v", p, n, err)
		}
		r, err := ParseRequest(p[:n])
		want, stdErr := http.ReadRequest(std)
		if err != nil || stdErr != nil || r.Method != want.Method || r.Target != want.RequestURI || len(r.Problems) > 0 {
			t.Fatalf("%+v, %v; net/http %v, %v", r, err, want, stdErr)
		}
		methods = append(methods, r.Method)
		p = sameBody(t, p[n:], RequestBody(&r), want.Body)
	}
	return methods
}

func readResponses(t *testing.T, p []byte, methods []string) (statuses []int) {
	std := bufio.NewReader(bytes.NewReader(p))
	for i := 0; len(p) > 0 && i < len(methods); {
		if v := LooksLikeResponse(p); v != Yes {
			t.Fatalf("%.60q looks like a response: %v", p, v)
		}
		var s Scanner
		n, err := s.Scan(p)
		if n == 0 || err != nil {
			t.Fatalf("%.60q: head %d, %v", p, n, err)
		}
		r, err := ParseResponse(p[:n])
		want, stdErr := http.ReadResponse(std, &http.Request{Method: methods[i]})
		if err != nil || stdErr != nil || r.Status != want.StatusCode || len(r.Problems) > 0 {
			t.Fatalf("%+v, %v; net/http %v, %v", r, err, want, stdErr)
		}
		p = sameBody(t, p[n:], ResponseBody(methods[i], &r), want.Body)
		if r.Status/100 != 1 {
			statuses = append(statuses, r.Status)
			i++
		}
	}
	return statuses
}

// sameBody reads a body and its copy by net/http, and returns what follows.
func sameBody(t *testing.T, p []byte, b Body, std io.Reader) []byte {
	t.Helper()
	want, err := io.ReadAll(std)
	if err != nil {
		t.Fatal(err)
	}
	n, got, err := readBody(&b, p, 1000)
	if err != nil || !bytes.Equal(got, want) {
		t.Fatalf("body of %d bytes, %v; net/http %d", len(got), err, len(want))
	}
	return p[n:]
}
