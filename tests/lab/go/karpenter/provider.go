package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"time"

	"github.com/awslabs/operatorpkg/status"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1 "sigs.k8s.io/karpenter/pkg/apis/v1"
	"sigs.k8s.io/karpenter/pkg/cloudprovider"
	"sigs.k8s.io/karpenter/pkg/scheduling"
)

const typeName = "lab.small"

var zones = []string{"zone-a", "zone-b", "zone-c"}

// provider is the lab as a cloud: one type of machine, in three zones.
type provider struct {
	kube     client.Client
	machines machines
}

func newProvider(kube client.Client) *provider {
	return &provider{kube: kube, machines: machines{url: os.Getenv("LAB_MACHINES"), http: http.Client{Timeout: 30 * time.Second}}}
}

func (p *provider) Name() string { return "lab" }

func (p *provider) GetSupportedNodeClasses() []status.Object { return []status.Object{&LabNodeClass{}} }

func (p *provider) IsDrifted(context.Context, *v1.NodeClaim) (cloudprovider.DriftReason, error) {
	return "", nil
}

func (p *provider) RepairPolicies() []cloudprovider.RepairPolicy { return nil }

func is(key string, values ...string) *scheduling.Requirement {
	return scheduling.NewRequirement(key, corev1.NodeSelectorOpIn, values...)
}

func (p *provider) GetInstanceTypes(context.Context, *v1.NodePool) ([]*cloudprovider.InstanceType, error) {
	one := &cloudprovider.InstanceType{
		Name: typeName,
		Requirements: scheduling.NewRequirements(is(corev1.LabelInstanceTypeStable, typeName), is(corev1.LabelArchStable, "amd64"),
			is(corev1.LabelOSStable, "linux"), is(corev1.LabelTopologyZone, zones...), is(corev1.LabelTopologyRegion, "lab"),
			is(v1.CapacityTypeLabelKey, v1.CapacityTypeOnDemand)),
		Capacity: corev1.ResourceList{
			corev1.ResourceCPU:              resource.MustParse(os.Getenv("LAB_CPU")),
			corev1.ResourceMemory:           resource.MustParse(os.Getenv("LAB_MEMORY")),
			corev1.ResourceEphemeralStorage: resource.MustParse("16Gi"),
			corev1.ResourcePods:             resource.MustParse("110"),
		},
		Overhead: &cloudprovider.InstanceTypeOverhead{
			EvictionThreshold: corev1.ResourceList{corev1.ResourceMemory: resource.MustParse("100Mi")},
		},
	}
	for _, zone := range zones {
		one.Offerings = append(one.Offerings, &cloudprovider.Offering{Price: 1, Available: true,
			Requirements: scheduling.NewRequirements(is(corev1.LabelTopologyZone, zone), is(v1.CapacityTypeLabelKey, v1.CapacityTypeOnDemand))})
	}
	return []*cloudprovider.InstanceType{one}, nil
}

// Create boots a machine; it joins by itself, or not, as any machine of a cloud.
func (p *provider) Create(ctx context.Context, claim *v1.NodeClaim) (*v1.NodeClaim, error) {
	class := &LabNodeClass{}
	if err := p.kube.Get(ctx, types.NamespacedName{Name: claim.Spec.NodeClassRef.Name}, class); err != nil {
		if apierrors.IsNotFound(err) {
			return nil, cloudprovider.NewInsufficientCapacityError(fmt.Errorf("resolving node class, %w", err))
		}
		return nil, fmt.Errorf("resolving node class, %w", err)
	}
	wanted := scheduling.NewNodeSelectorRequirementsWithMinValues(claim.Spec.Requirements...)
	zone := zones[0]
	if wanted.Has(corev1.LabelTopologyZone) {
		zone = wanted.Get(corev1.LabelTopologyZone).Any()
	}
	made, err := p.machines.create(ctx, machine{Claim: claim.Name, Zone: zone, Bootstrap: class.Spec.Bootstrap, Labels: claim.Labels})
	if err != nil {
		if errors.Is(err, errNoMachine) {
			return nil, cloudprovider.NewInsufficientCapacityError(err)
		}
		return nil, cloudprovider.NewCreateError(err, "LaunchFailed", err.Error())
	}
	types, _ := p.GetInstanceTypes(ctx, nil)
	out := made.claim()
	out.Status.Capacity, out.Status.Allocatable = types[0].Capacity, types[0].Allocatable()
	return out, nil
}

// Delete pulls the plug; the caller asks again until the machine is not known any more.
func (p *provider) Delete(ctx context.Context, claim *v1.NodeClaim) error {
	return p.machines.remove(ctx, claim.Status.ProviderID)
}

func (p *provider) Get(ctx context.Context, id string) (*v1.NodeClaim, error) {
	found, err := p.machines.get(ctx, id)
	if err != nil {
		return nil, err
	}
	return found.claim(), nil
}

func (p *provider) List(ctx context.Context) ([]*v1.NodeClaim, error) {
	found, err := p.machines.list(ctx)
	if err != nil {
		return nil, err
	}
	var out []*v1.NodeClaim
	for _, m := range found {
		out = append(out, m.claim())
	}
	return out, nil
}

func (m machine) claim() *v1.NodeClaim {
	labels := map[string]string{corev1.LabelInstanceTypeStable: typeName, corev1.LabelArchStable: "amd64", corev1.LabelOSStable: "linux",
		corev1.LabelTopologyZone: m.Zone, corev1.LabelTopologyRegion: "lab", v1.CapacityTypeLabelKey: v1.CapacityTypeOnDemand}
	for k, v := range m.Labels {
		labels[k] = v
	}
	return &v1.NodeClaim{
		ObjectMeta: metav1.ObjectMeta{Name: m.Claim, Labels: labels, CreationTimestamp: metav1.Unix(m.Created, 0)},
		Status:     v1.NodeClaimStatus{ProviderID: m.ID, NodeName: m.Node, ImageID: "lab"},
	}
}
