// Copyright: (c) 2026, assay.clusters contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

package main

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
)

// The simulator has tags below /rest only. A fake of the same below /api, as vCenter has it since 7.0 U2: other paths and actions,
// identifiers of their own in the path, and answers without a `value` around them.
func (f *front) automation(w http.ResponseWriter, r *http.Request) {
	path, action := strings.TrimPrefix(r.URL.Path, "/api"), r.URL.Query().Get("action")
	if f.isOld() || r.URL.Query().Has("~action") || strings.Contains(path, "/id:") {
		http.NotFound(w, r)
		return
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	status := http.StatusOK
	switch {
	case path == "/session":
		path, status = "/rest/com/vmware/cis/session", map[string]int{"POST": http.StatusCreated, "DELETE": http.StatusNoContent}[r.Method]
	case path == "/cis/tagging/tag" && action == "list-tags-for-category":
		var asked struct {
			Category string `json:"category_id"`
		}
		if json.Unmarshal(body, &asked) != nil || asked.Category == "" {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		path, body = "/rest/com/vmware/cis/tagging/tag/id:"+asked.Category, nil
	case strings.HasPrefix(path, "/cis/tagging/"):
		parts := strings.SplitN(strings.TrimPrefix(path, "/cis/tagging/"), "/", 2)
		path = "/rest/com/vmware/cis/tagging/" + parts[0]
		if len(parts) == 2 {
			path += "/id:" + parts[1]
		}
		if action == "list-attached-objects" {
			body = []byte("{}")
		}
	default:
		http.NotFound(w, r)
		return
	}
	f.translated(w, r, path, action, body, status)
}

func (f *front) translated(w http.ResponseWriter, r *http.Request, path, action string, body []byte, status int) {
	query := url.Values{}
	if action != "" {
		query.Set("~action", action)
	}
	inner := r.Clone(r.Context())
	inner.URL = &url.URL{Path: path, RawQuery: query.Encode()}
	inner.Body, inner.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	kept := httptest.NewRecorder()
	f.inner.ServeHTTP(kept, inner)
	if kept.Code != http.StatusOK {
		w.WriteHeader(kept.Code)
		return
	}
	var told struct {
		Value json.RawMessage `json:"value"`
	}
	_ = json.Unmarshal(kept.Body.Bytes(), &told)
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	if status != http.StatusNoContent {
		if told.Value == nil { // an empty list is left out by the simulator
			told.Value = json.RawMessage("[]")
		}
		_, _ = w.Write(told.Value)
	}
}

func (f *front) isOld() bool {
	f.Lock()
	defer f.Unlock()
	return f.old
}

// A vCenter before 7.0 U2 has nothing below /api.
func (f *front) age(old bool) {
	f.Lock()
	defer f.Unlock()
	f.old = old
}
