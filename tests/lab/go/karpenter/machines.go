package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"sigs.k8s.io/karpenter/pkg/cloudprovider"
)

// errNoMachine: the lab has none left.
var errNoMachine = errors.New("no machine is left")

// machine as the lab's provider tells of it. Created is in seconds since 1970.
type machine struct {
	ID        string            `json:"id,omitempty"`
	Node      string            `json:"node,omitempty"`
	Claim     string            `json:"claim"`
	Zone      string            `json:"zone"`
	Bootstrap string            `json:"bootstrap,omitempty"`
	Labels    map[string]string `json:"labels,omitempty"`
	Created   int64             `json:"created,omitempty"`
}

type machines struct {
	url  string
	http http.Client
}

func (m *machines) call(ctx context.Context, method, path string, in, out any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, method, m.url+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	answer, err := m.http.Do(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	switch {
	case err != nil:
		return err
	case answer.StatusCode == http.StatusNotFound:
		return cloudprovider.NewNodeClaimNotFoundError(fmt.Errorf("%s", strings.TrimSpace(string(text))))
	case answer.StatusCode == http.StatusConflict:
		return fmt.Errorf("%w: %s", errNoMachine, strings.TrimSpace(string(text)))
	case answer.StatusCode >= 300:
		return fmt.Errorf("%s", strings.TrimSpace(string(text)))
	}
	return json.Unmarshal(text, out)
}

// path of a machine: the last part of its provider's id, which is lab:///ZONE/NAME.
func path(id string) string {
	return "/machines/" + id[strings.LastIndex(id, "/")+1:]
}

func (m *machines) create(ctx context.Context, wanted machine) (out machine, err error) {
	err = m.call(ctx, http.MethodPost, "/machines", wanted, &out)
	return out, err
}

func (m *machines) get(ctx context.Context, id string) (out machine, err error) {
	err = m.call(ctx, http.MethodGet, path(id), nil, &out)
	return out, err
}

func (m *machines) list(ctx context.Context) (out []machine, err error) {
	err = m.call(ctx, http.MethodGet, "/machines", nil, &out)
	return out, err
}

func (m *machines) remove(ctx context.Context, id string) error {
	return m.call(ctx, http.MethodDelete, path(id), nil, &machine{})
}
