package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"

	"github.com/container-storage-interface/spec/lib/go/csi"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/types/known/timestamppb"
)

func (d *driver) ControllerGetCapabilities(context.Context, *csi.ControllerGetCapabilitiesRequest) (*csi.ControllerGetCapabilitiesResponse, error) {
	out := &csi.ControllerGetCapabilitiesResponse{}
	for _, c := range []csi.ControllerServiceCapability_RPC_Type{csi.ControllerServiceCapability_RPC_CREATE_DELETE_VOLUME,
		csi.ControllerServiceCapability_RPC_PUBLISH_UNPUBLISH_VOLUME, csi.ControllerServiceCapability_RPC_CREATE_DELETE_SNAPSHOT} {
		out.Capabilities = append(out.Capabilities, &csi.ControllerServiceCapability{
			Type: &csi.ControllerServiceCapability_Rpc{Rpc: &csi.ControllerServiceCapability_RPC{Type: c}}})
	}
	return out, nil
}

// where is the zone that a request prefers, then one that it allows, then any.
func (d *driver) where(r *csi.TopologyRequirement) string {
	for _, t := range append(r.GetPreferred(), r.GetRequisite()...) {
		if z := t.GetSegments()[topology]; z != "" {
			return z
		}
	}
	if all := d.zones(); len(all) > 0 {
		return all[0]
	}
	return ""
}

func (d *driver) CreateVolume(_ context.Context, r *csi.CreateVolumeRequest) (*csi.CreateVolumeResponse, error) {
	d.lock.Lock()
	defer d.lock.Unlock()
	f := d.faults()
	if f.Refuse != "" {
		return nil, fail(codes.Internal, "%s", f.Refuse)
	}
	zone := d.zoneOf(r.Name)
	said := d.where(r.AccessibilityRequirements)
	if zone == "" {
		zone = said
		if f.Zone != "" {
			zone = f.Zone
		}
		if zone == "" {
			return nil, fail(codes.ResourceExhausted, "no zone has storage")
		}
		folder := filepath.Join(d.storage, zone, r.Name)
		if err := os.MkdirAll(folder, 0o777); err != nil {
			return nil, fail(codes.Internal, "%v", err)
		}
		_ = os.Chmod(folder, 0o777)
		if from := r.GetVolumeContentSource().GetSnapshot().GetSnapshotId(); from != "" {
			if err := os.CopyFS(folder, os.DirFS(filepath.Join(d.storage, ".snapshots", from))); err != nil {
				return nil, fail(codes.Internal, "%v", err)
			}
		}
	}
	if !f.Lie {
		said = zone
	}
	return &csi.CreateVolumeResponse{Volume: &csi.Volume{VolumeId: r.Name, CapacityBytes: r.CapacityRange.GetRequiredBytes(),
		ContentSource:      r.VolumeContentSource,
		AccessibleTopology: []*csi.Topology{{Segments: map[string]string{topology: said}}}}}, nil
}

func (d *driver) DeleteVolume(ctx context.Context, r *csi.DeleteVolumeRequest) (*csi.DeleteVolumeResponse, error) {
	if d.faults().HangDelete {
		<-ctx.Done()
		return nil, fail(codes.DeadlineExceeded, "volume %s is being deleted", r.VolumeId)
	}
	if node := d.attachedTo(r.VolumeId); node != "" {
		return nil, fail(codes.FailedPrecondition, "volume %s is attached to %s", r.VolumeId, node)
	}
	if zone := d.zoneOf(r.VolumeId); zone != "" {
		if err := os.RemoveAll(filepath.Join(d.storage, zone, r.VolumeId)); err != nil {
			return nil, fail(codes.Internal, "%v", err)
		}
	}
	return &csi.DeleteVolumeResponse{}, nil
}

// ---- attaching: a file for each volume holds the name of its node
func (d *driver) attachment(volume string) string {
	return filepath.Join(d.storage, ".attached", volume)
}

func (d *driver) attachedTo(volume string) string {
	text, _ := os.ReadFile(d.attachment(volume))
	return string(text)
}

// zoneOfNode is what a node wrote down when it registered.
func (d *driver) zoneOfNode(node string) string {
	text, _ := os.ReadFile(filepath.Join(d.storage, ".nodes", node))
	return string(text)
}

func (d *driver) ControllerPublishVolume(_ context.Context, r *csi.ControllerPublishVolumeRequest) (*csi.ControllerPublishVolumeResponse, error) {
	d.lock.Lock()
	defer d.lock.Unlock()
	zone := d.zoneOf(r.VolumeId)
	if zone == "" {
		return nil, fail(codes.NotFound, "there is no volume %s", r.VolumeId)
	}
	if there := d.zoneOfNode(r.NodeId); there != zone {
		// In the words of EC2, which others look for, too.
		return nil, fail(codes.Internal, "InvalidVolume.ZoneMismatch: The volume '%s' is not in the same availability zone as instance '%s'",
			r.VolumeId, r.NodeId)
	}
	if now := d.attachedTo(r.VolumeId); now != "" && now != r.NodeId {
		return nil, fail(codes.FailedPrecondition, "volume %s is attached to %s", r.VolumeId, now)
	}
	if err := os.WriteFile(d.attachment(r.VolumeId), []byte(r.NodeId), 0o644); err != nil {
		return nil, fail(codes.Internal, "%v", err)
	}
	return &csi.ControllerPublishVolumeResponse{}, nil
}

func (d *driver) ControllerUnpublishVolume(ctx context.Context, r *csi.ControllerUnpublishVolumeRequest) (*csi.ControllerUnpublishVolumeResponse, error) {
	if d.faults().HangDetach {
		<-ctx.Done()
		return nil, fail(codes.DeadlineExceeded, "volume %s is being detached from %s", r.VolumeId, r.NodeId)
	}
	if now := d.attachedTo(r.VolumeId); now == r.NodeId {
		_ = os.Remove(d.attachment(r.VolumeId))
	}
	return &csi.ControllerUnpublishVolumeResponse{}, nil
}

func (d *driver) ValidateVolumeCapabilities(_ context.Context, r *csi.ValidateVolumeCapabilitiesRequest) (*csi.ValidateVolumeCapabilitiesResponse, error) {
	if d.zoneOf(r.VolumeId) == "" {
		return nil, fail(codes.NotFound, "there is no volume %s", r.VolumeId)
	}
	return &csi.ValidateVolumeCapabilitiesResponse{Confirmed: &csi.ValidateVolumeCapabilitiesResponse_Confirmed{
		VolumeCapabilities: r.VolumeCapabilities}}, nil
}

// ---- snapshots: a copy of the folder
func (d *driver) CreateSnapshot(_ context.Context, r *csi.CreateSnapshotRequest) (*csi.CreateSnapshotResponse, error) {
	zone := d.zoneOf(r.SourceVolumeId)
	if zone == "" {
		return nil, fail(codes.NotFound, "there is no volume %s", r.SourceVolumeId)
	}
	folder := filepath.Join(d.storage, ".snapshots", r.Name)
	if _, err := os.Stat(folder); err != nil {
		if err := os.CopyFS(folder, os.DirFS(filepath.Join(d.storage, zone, r.SourceVolumeId))); err != nil {
			return nil, fail(codes.Internal, "%v", err)
		}
	}
	return &csi.CreateSnapshotResponse{Snapshot: &csi.Snapshot{SnapshotId: r.Name, SourceVolumeId: r.SourceVolumeId,
		CreationTime: timestamppb.Now(), ReadyToUse: true}}, nil
}

func (d *driver) DeleteSnapshot(_ context.Context, r *csi.DeleteSnapshotRequest) (*csi.DeleteSnapshotResponse, error) {
	if filepath.Base(r.SnapshotId) == r.SnapshotId && !strings.HasPrefix(r.SnapshotId, ".") {
		_ = os.RemoveAll(filepath.Join(d.storage, ".snapshots", r.SnapshotId))
	}
	return &csi.DeleteSnapshotResponse{}, nil
}
