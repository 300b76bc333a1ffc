// Names the package of the upstream tests, so that go.mod holds what they need.
package e2e

import _ "k8s.io/kubernetes/test/e2e"
