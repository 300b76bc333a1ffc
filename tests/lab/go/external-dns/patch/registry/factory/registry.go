// Copyright: (c) 2026, assay.clusters contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

// Package factory takes the place of external-dns' own while the lab builds it: without the registries that are services of AWS.
package factory

import (
	"fmt"

	"sigs.k8s.io/external-dns/pkg/apis/externaldns"
	"sigs.k8s.io/external-dns/provider"
	"sigs.k8s.io/external-dns/registry"
	"sigs.k8s.io/external-dns/registry/noop"
	"sigs.k8s.io/external-dns/registry/txt"
)

// Select makes the registry that the configuration names.
func Select(cfg *externaldns.Config, p provider.Provider) (registry.Registry, error) {
	switch cfg.Registry {
	case externaldns.RegistryTXT:
		return txt.New(cfg, p)
	case externaldns.RegistryNoop:
		return noop.New(cfg, p)
	}
	return nil, fmt.Errorf("this build of the lab does not know the registry %s", cfg.Registry)
}
