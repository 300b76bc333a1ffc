// Copyright: (c) 2026, assay.clusters contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

package main

import (
	"bytes"
	"fmt"
	"io"
	"math/rand"
	"net"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"time"
)

// What a load balancer says while the vCenter behind it restarts.
const page = "<html><body><h1>503 Service Unavailable</h1>No server is available to handle this request.</body></html>"

var called = regexp.MustCompile(`<(?:\w+:)?Body[^>]*>\s*<(?:\w+:)?(\w+)`)
var options = regexp.MustCompile(`<options[^>]*(?:/>|></options>)`)

// A front stands before the simulator: it counts calls, and answers some of them as a network or a load balancer does.
type front struct {
	sync.Mutex
	inner  http.Handler
	calls  map[string]int
	every  int
	read   int
	random *rand.Rand
	kinds  []string
	quiet  time.Duration
	lose   string
	left   int
	page   int // objects in one answer of the property collector, 0 for all
	old    bool
	around func(method string, before bool)
}

func (f *front) clear() {
	f.Lock()
	defer f.Unlock()
	f.every, f.lose, f.left = 0, "", 0
}

// Foul weather: each k-th read gets one of Kinds: page, reset, silence (of Quiet milliseconds, then the connection ends).
func (f *front) foul(every int, kinds []string, seed int64, quiet int) {
	f.Lock()
	defer f.Unlock()
	if len(kinds) == 0 {
		kinds = []string{"page", "reset", "silence"}
	}
	f.every, f.kinds, f.quiet = every, kinds, time.Duration(quiet)*time.Millisecond
	f.random = rand.New(rand.NewSource(seed))
	f.read = f.random.Intn(max(every, 1)) // tasks that ask little meet some, too
}

// The next `count` calls of a method are done, and their answers are lost.
func (f *front) losing(method string, count int) {
	f.Lock()
	defer f.Unlock()
	f.lose, f.left = method, max(count, 1)
}

func reads(method string) bool {
	return strings.Contains(method, "/cis/tagging/") || method == "Fetch" || strings.HasPrefix(method, "Find") || strings.HasPrefix(method, "Retrieve") && method != "RetrieveServiceContent"
}

// What becomes of a call: "" in fair weather.
func (f *front) due(method string) string {
	f.Lock()
	defer f.Unlock()
	f.calls[method]++
	if f.lose == method && f.left > 0 {
		f.left--
		return "lose"
	}
	if f.every == 0 || !reads(method) {
		return ""
	}
	if f.read++; f.read%f.every != 0 {
		return ""
	}
	f.calls["spoilt"]++
	return f.kinds[f.random.Intn(len(f.kinds))]
}

func (f *front) counted() map[string]int {
	f.Lock()
	defer f.Unlock()
	copied := map[string]int{}
	for name, count := range f.calls {
		copied[name] = count
	}
	return copied
}

func (f *front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	method := r.URL.Path
	if found := called.FindSubmatch(body); found != nil {
		method = string(found[1])
	}
	if f.page > 0 && method == "RetrievePropertiesEx" { // a vCenter chooses the size of a page itself
		body = options.ReplaceAll(body, fmt.Appendf(nil, "<options><maxObjects>%d</maxObjects></options>", f.page))
		r.ContentLength = int64(len(body))
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	switch f.due(method) {
	case "page":
		w.Header().Set("Content-Type", "text/html")
		w.WriteHeader(http.StatusServiceUnavailable)
		_, _ = io.WriteString(w, page)
	case "reset":
		reset(w)
	case "silence":
		select {
		case <-time.After(f.quiet):
		case <-r.Context().Done():
		}
		reset(w)
	case "lose":
		f.around(method, true)
		f.inner.ServeHTTP(&nowhere{header: http.Header{}}, r)
		f.around(method, false)
		reset(w)
	default:
		if strings.HasPrefix(r.URL.Path, "/api/") {
			f.automation(w, r)
			return
		}
		f.around(method, true)
		f.inner.ServeHTTP(w, r)
		f.around(method, false)
	}
}

// The connection ends without an answer.
func reset(w http.ResponseWriter) {
	if taker, ok := w.(http.Hijacker); ok {
		if conn, _, err := taker.Hijack(); err == nil {
			if tcp, ok := conn.(interface{ NetConn() net.Conn }); ok {
				if raw, ok := tcp.NetConn().(*net.TCPConn); ok {
					_ = raw.SetLinger(0)
					_ = raw.Close()
				}
			}
			_ = conn.Close()
		}
	}
}

// An answer that nobody hears.
type nowhere struct{ header http.Header }

func (n *nowhere) Header() http.Header            { return n.header }
func (n *nowhere) Write(text []byte) (int, error) { return len(text), nil }
func (n *nowhere) WriteHeader(int)                {}
