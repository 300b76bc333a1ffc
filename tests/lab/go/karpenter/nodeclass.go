package main

import (
	"github.com/awslabs/operatorpkg/status"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/kubernetes/scheme"
)

// LabNodeClass says how machines come up. Bootstrap is "joins"; "silent": a machine whose kubelet is never started; "no-network": one
// that gets no network for pods.
type LabNodeClass struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`
	Spec              LabNodeClassSpec   `json:"spec,omitempty"`
	Status            LabNodeClassStatus `json:"status,omitempty"`
}

type LabNodeClassSpec struct {
	Bootstrap string `json:"bootstrap,omitempty"`
}

type LabNodeClassStatus struct {
	Conditions []status.Condition `json:"conditions,omitempty"`
}

type LabNodeClassList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []LabNodeClass `json:"items"`
}

func (in *LabNodeClass) StatusConditions() status.ConditionSet {
	return status.NewReadyConditions().For(in)
}

func (in *LabNodeClass) GetConditions() []status.Condition { return in.Status.Conditions }

func (in *LabNodeClass) SetConditions(conditions []status.Condition) {
	in.Status.Conditions = conditions
}

func (in *LabNodeClass) DeepCopyObject() runtime.Object {
	out := &LabNodeClass{TypeMeta: in.TypeMeta, Spec: in.Spec}
	in.ObjectMeta.DeepCopyInto(&out.ObjectMeta)
	out.Status.Conditions = append([]status.Condition(nil), in.Status.Conditions...)
	return out
}

func (in *LabNodeClassList) DeepCopyObject() runtime.Object {
	out := &LabNodeClassList{TypeMeta: in.TypeMeta}
	in.ListMeta.DeepCopyInto(&out.ListMeta)
	for i := range in.Items {
		out.Items = append(out.Items, *in.Items[i].DeepCopyObject().(*LabNodeClass))
	}
	return out
}

func init() {
	version := schema.GroupVersion{Group: "karpenter.lab.test", Version: "v1"}
	metav1.AddToGroupVersion(scheme.Scheme, version)
	scheme.Scheme.AddKnownTypes(version, &LabNodeClass{}, &LabNodeClassList{})
}
