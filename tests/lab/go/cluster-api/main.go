// Copyright: (c) 2026, assay.clusters contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

// Converts objects of Cluster API between v1beta1 and v1beta2 with the project's own code, as its managers do for the
// API server: cluster-api-conversion ADDRESS CERTIFICATE KEY.
package main

import (
	"log"
	"net/http"
	"os"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	kubeadmv1beta1 "sigs.k8s.io/cluster-api/api/bootstrap/kubeadm/v1beta1"
	kubeadmv1beta2 "sigs.k8s.io/cluster-api/api/bootstrap/kubeadm/v1beta2"
	kubeadmcontrolplanev1beta1 "sigs.k8s.io/cluster-api/api/controlplane/kubeadm/v1beta1"
	kubeadmcontrolplanev1beta2 "sigs.k8s.io/cluster-api/api/controlplane/kubeadm/v1beta2"
	corev1beta1 "sigs.k8s.io/cluster-api/api/core/v1beta1"
	corev1beta2 "sigs.k8s.io/cluster-api/api/core/v1beta2"
	"sigs.k8s.io/controller-runtime/pkg/webhook/conversion"
)

func main() {
	log.SetFlags(0)
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{
		corev1beta1.AddToScheme, corev1beta2.AddToScheme, kubeadmv1beta1.AddToScheme, kubeadmv1beta2.AddToScheme,
		kubeadmcontrolplanev1beta1.AddToScheme, kubeadmcontrolplanev1beta2.AddToScheme,
	} {
		if err := add(scheme); err != nil {
			log.Fatal(err)
		}
	}
	// v1beta1 refers to objects of providers with their version, which v1beta2 leaves out; managers read it from definitions.
	version := func(kind schema.GroupKind) (string, error) { return kind.Group + "/v1beta1", nil }
	corev1beta1.SetAPIVersionGetter(version)
	kubeadmcontrolplanev1beta1.SetAPIVersionGetter(version)
	http.Handle("/convert", conversion.NewWebhookHandler(scheme, conversion.NewRegistry()))
	log.Fatal(http.ListenAndServeTLS(os.Args[1], os.Args[2], os.Args[3], nil))
}
