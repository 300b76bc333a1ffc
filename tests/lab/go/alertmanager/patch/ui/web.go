// Copyright: (c) 2026, assay.clusters contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

// Package ui takes the place of Alertmanager's own while the lab builds it: its pages are made by a build of their own, which the published
// module does not have.
package ui

import (
	"fmt"
	"net/http"

	"github.com/prometheus/common/route"
)

// Register says at the places of the pages that there are none.
func Register(r *route.Router) {
	none := func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintln(w, "Alertmanager of the lab: no pages, only the API")
	}
	for _, path := range []string{"/", "/ui/"} {
		r.Get(path, none)
	}
}
