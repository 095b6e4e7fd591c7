package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// talk is one conversation on one TCP connection, as its ends logged it.
type talk struct {
	name           string
	mode           string // of compression
	client, server string // addresses, as sockeye prints them
	clientLog      *endLog
	serverLog      *endLog
	toClient       bool // it passes between client and router
	toServer       bool // it passes between router and server
	browser        bool // the client is one: it tells nothing of pings, pongs and answers to close frames
	coder          bool // an end is coder/websocket: it does not tell when its pongs went out
}

// subject is who talks in a conversation, and about what.
type subject struct {
	client, server, mode, script string
	v6                           bool
}

func (s subject) path(i int) string { return fmt.Sprintf("/%s/%s/%d", s.server, s.mode, i) }

func (s subject) String() string {
	return s.client + " to " + s.server + ", " + s.script + ", " + s.mode
}

func talkCoder(t *testing.T, n *network) []talk {
	return talkDirect(t, n, []subject{
		{client: "coder", server: "coder", mode: takeover, script: "sizes"},
		{client: "coder", server: "coder", mode: plain, script: "sizes"},
		{client: "coder", server: "coder", mode: noTakeover, script: "chat"},
		{client: "coder", server: "coder", mode: takeover, script: "short", v6: true},
	})
}

func talkGorilla(t *testing.T, n *network) []talk {
	return talkDirect(t, n, []subject{
		{client: "gorilla", server: "gorilla", mode: noTakeover, script: "sizes", v6: true},
		{client: "gorilla", server: "gorilla", mode: plain, script: "sizes"},
		{client: "gorilla", server: "gorilla", mode: plain, script: "short"},
		{client: "gorilla", server: "coder", mode: noTakeover, script: "chat"},
		{client: "coder", server: "gorilla", mode: noTakeover, script: "chat"},
	})
}

// talkDirect holds conversations between Go's libraries.
func talkDirect(t *testing.T, n *network, subjects []subject) (all []talk) {
	s4, addr4 := newGoServer(t, n.server, n.server.v4)
	s6, addr6 := newGoServer(t, n.server, n.server.v6)
	for i, s := range subjects {
		srv, addr := s4, addr4
		if s.v6 {
			srv, addr = s6, addr6
		}
		done := srv.expect(s.path(i))
		log, local := talkGo(t, n.client, s.client, s.mode, "ws://"+addr+s.path(i), scripts[s.script])
		if log == nil {
			return all
		}
		end := <-done
		if end.client != local {
			t.Errorf("%s: the server says the client is %s, and the client %s", s, end.client, local)
		}
		all = append(all, talk{
			name: s.String(), mode: s.mode, client: local, server: addr, clientLog: log, serverLog: end.log,
			toClient: true, toServer: true, coder: s.client == "coder" || s.server == "coder",
		})
	}
	return all
}

// talkPython holds conversations between a server and a client of python websockets.
func talkPython(t *testing.T, n *network) (all []talk) {
	python := pythonWithWebsockets(t)
	subjects := []subject{{mode: takeover, script: "sizes"}, {mode: plain, script: "short"}, {mode: noTakeover, script: "chat", v6: true}}
	server := exec.Command(python, "testdata/peers/peer.py", "server", n.server.v4, n.server.v6)
	out, _ := server.StdoutPipe()
	server.StdinPipe() // its end ends the server
	server.Stderr = os.Stderr
	n.server.start(t, server)
	serverSaid := json.NewDecoder(out)
	var where struct{ Servers []string }
	if err := serverSaid.Decode(&where); err != nil || len(where.Servers) != 2 {
		t.Fatalf("python's server does not start: %v, at %v", err, where.Servers)
	}
	type conversation struct {
		URL    string `json:"url"`
		Mode   string `json:"mode"`
		Script []step `json:"script"`
	}
	var page []conversation
	for _, s := range subjects {
		addr := where.Servers[0]
		if s.v6 {
			addr = where.Servers[1]
		}
		page = append(page, conversation{"ws://" + addr, s.mode, scripts[s.script]})
	}
	given, err := json.Marshal(page)
	if err != nil {
		t.Fatal(err)
	}
	client := exec.Command(python, "testdata/peers/peer.py", "client")
	var printed bytes.Buffer
	client.Stdin, client.Stdout, client.Stderr = bytes.NewReader(given), &printed, os.Stderr
	n.client.start(t, client)
	if err := client.Wait(); err != nil {
		t.Fatal("python's client:", err)
	}
	type told struct {
		endLog
		Client, Server string
	}
	ends := map[string]*told{} // the server's, by the client's address
	for range subjects {
		var e told
		if err := serverSaid.Decode(&e); err != nil {
			t.Fatal("python's server:", err)
		}
		ends[e.Client] = &e
	}
	clientSaid := json.NewDecoder(&printed)
	for _, s := range subjects {
		s.client, s.server = "python", "python"
		var here told
		if err := clientSaid.Decode(&here); err != nil {
			t.Fatalf("%s: %v", s, err)
		}
		there := ends[here.Client]
		if there == nil {
			t.Fatalf("%s: the server knows nothing of the client at %s", s, here.Client)
		}
		all = append(all, talk{
			name: s.String(), mode: s.mode, client: here.Client, server: there.Server, clientLog: &here.endLog, serverLog: &there.endLog,
			toClient: true, toServer: true,
		})
	}
	return all
}

// pythonWithWebsockets is a python that has the library; Debian's may not be the
// first in PATH.
func pythonWithWebsockets(t *testing.T) string {
	for _, name := range []string{"/usr/bin/python3", "python3"} {
		if exec.Command(name, "-c", "import websockets.legacy").Run() == nil {
			return name
		}
	}
	t.Skip("needs python websockets (Debian package python3-websockets)")
	return ""
}

// talkNginx holds conversations through nginx: each is seen on two connections.
func talkNginx(t *testing.T, n *network) (all []talk) {
	if _, err := exec.LookPath("nginx"); err != nil {
		t.Skip("needs nginx (Debian package nginx-light):", err)
	}
	srv, upstream := newGoServer(t, n.server, n.server.v4)
	proxy := n.router.v4 + ":8080"
	startNginx(t, n, proxy, upstream)
	for i, s := range []subject{
		{client: "coder", server: "coder", mode: takeover, script: "sizes"},
		{client: "gorilla", server: "gorilla", mode: noTakeover, script: "sizes"},
		{client: "gorilla", server: "gorilla", mode: plain, script: "chat"},
	} {
		done := srv.expect(s.path(i))
		log, local := talkGo(t, n.client, s.client, s.mode, "ws://"+proxy+s.path(i), scripts[s.script])
		if log == nil {
			return all
		}
		end := <-done
		hop := talk{name: s.String(), mode: s.mode, clientLog: log, serverLog: end.log, coder: s.client == "coder"}
		hop.name, hop.client, hop.server, hop.toClient = s.String()+", to nginx", local, proxy, true
		all = append(all, hop)
		hop.name, hop.client, hop.server, hop.toClient, hop.toServer = s.String()+", from nginx", end.client, end.server, false, true
		all = append(all, hop)
	}
	return all
}

// startNginx starts nginx on the router, and waits until it takes connections.
func startNginx(t *testing.T, n *network, listen, upstream string) {
	conf, err := os.ReadFile("testdata/peers/nginx.conf")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	text := strings.NewReplacer("LISTEN", listen, "UPSTREAM", upstream).Replace(string(conf))
	if err := os.WriteFile(filepath.Join(dir, "nginx.conf"), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	c := exec.Command("nginx", "-p", dir, "-c", "nginx.conf", "-e", "stderr")
	var errs bytes.Buffer
	c.Stderr = &errs
	n.router.start(t, c)
	for deadline := time.Now().Add(patience); ; time.Sleep(10 * time.Millisecond) {
		probe, err := n.router.dial(listen)
		if err == nil {
			probe.Close()
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("nginx does not start: %v: %s", err, &errs)
		}
	}
}

// talkChromium holds conversations between a browser and Go's libraries. The
// server serves the page as well, and takes the page's log.
func talkChromium(t *testing.T, n *network) (all []talk) {
	chromium, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("needs a browser (Debian package chromium):", err)
	}
	subjects := []subject{
		{server: "coder", mode: takeover, script: "sizes"},
		{server: "gorilla", mode: noTakeover, script: "sizes"},
		{server: "coder", mode: takeover, script: "chat"},
		{server: "gorilla", mode: plain, script: "short"},
	}
	type conversation struct {
		Path   string `json:"path"`
		Script []step `json:"script"`
	}
	var page []conversation
	var told struct {
		Error string
		Logs  []struct {
			endLog
			Path  string
			Clean bool
		}
	}
	posted := make(chan error, 1)
	var asked atomic.Bool
	mux := http.NewServeMux()
	mux.HandleFunc("/{$}", func(w http.ResponseWriter, r *http.Request) {
		asked.Store(true)
		http.ServeFile(w, r, "testdata/peers/page.html")
	})
	mux.HandleFunc("/scripts", func(w http.ResponseWriter, r *http.Request) { json.NewEncoder(w).Encode(page) })
	mux.HandleFunc("/log", func(w http.ResponseWriter, r *http.Request) { posted <- json.NewDecoder(r.Body).Decode(&told) })
	srv, addr := newGoServer(t, n.server, n.server.v4)
	srv.other = mux
	var ends []<-chan *served
	for i, s := range subjects {
		page = append(page, conversation{s.path(i), scripts[s.script]})
		ends = append(ends, srv.expect(s.path(i)))
	}
	ended := startChromium(t, n, chromium, "http://"+addr)
	select {
	case err := <-posted:
		if err != nil || told.Error != "" || len(told.Logs) != len(subjects) {
			t.Fatalf("the page says: %q (%v), %d logs", told.Error, err, len(told.Logs))
		}
	case words := <-ended:
		if !asked.Load() {
			t.Skip("chromium does not run here:", words)
		}
		t.Fatal("chromium ended:", words)
	case <-time.After(patience):
		t.Fatal("chromium held no conversation")
	}
	for i, s := range subjects {
		s.client = "chromium"
		end := <-ends[i]
		if !told.Logs[i].Clean {
			t.Errorf("%s: not a clean close for the browser", s)
		}
		all = append(all, talk{
			name: s.String(), mode: s.mode, client: end.client, server: end.server, clientLog: &told.Logs[i].endLog, serverLog: end.log,
			toClient: true, toServer: true, browser: true, coder: s.server == "coder",
		})
	}
	return all
}

// startChromium opens a page; the channel tells the browser's last words, should it end.
func startChromium(t *testing.T, n *network, program, url string) <-chan string {
	c := exec.Command(program, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
		"--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-extensions",
		// For crypto.subtle, which hashes.
		"--unsafely-treat-insecure-origin-as-secure="+url, "--user-data-dir="+t.TempDir(), "--remote-debugging-port=0", url)
	errs, err := c.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	n.client.start(t, c)
	ended := make(chan string, 1)
	go func() {
		var last string
		for s := bufio.NewScanner(errs); s.Scan(); {
			last = s.Text()
		}
		ended <- last
	}()
	return ended
}
