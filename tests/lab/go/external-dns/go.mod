module assay.lab/external-dns

go 1.26.6

require sigs.k8s.io/external-dns v0.22.0

require github.com/gogo/protobuf v1.3.2 // indirect

// Versions that it names and that are not published; the first is not compiled, as its provider is left out.
replace (
	github.com/exoscale/egoscale/v3 => github.com/exoscale/egoscale/v3 v3.1.27
	github.com/openshift/api => github.com/openshift/api v0.0.0-20251015095338-264e80a2b6e7
)
