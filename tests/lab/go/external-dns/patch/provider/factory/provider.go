// Copyright: (c) 2026, assay.clusters contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

// Package factory takes the place of external-dns' own while the lab builds it: one provider instead of two dozen, each of which
// brings the SDK of its cloud. All else of the program is what is published.
package factory

import (
	"context"
	"fmt"

	"sigs.k8s.io/external-dns/endpoint"
	"sigs.k8s.io/external-dns/pkg/apis/externaldns"
	"sigs.k8s.io/external-dns/provider"
	"sigs.k8s.io/external-dns/provider/rfc2136"
)

// Select makes the provider that the configuration names.
func Select(ctx context.Context, cfg *externaldns.Config, domains *endpoint.DomainFilter) (provider.Provider, error) {
	if cfg.Provider != externaldns.ProviderRFC2136 {
		return nil, fmt.Errorf("this build of the lab knows the provider %s alone, not %s", externaldns.ProviderRFC2136, cfg.Provider)
	}
	return rfc2136.New(ctx, cfg, domains)
}
