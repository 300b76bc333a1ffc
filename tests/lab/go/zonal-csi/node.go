package main

import (
	"context"
	"os"
	"path/filepath"
	"syscall"

	"github.com/container-storage-interface/spec/lib/go/csi"
	"google.golang.org/grpc/codes"
)

func (d *driver) NodeGetCapabilities(context.Context, *csi.NodeGetCapabilitiesRequest) (*csi.NodeGetCapabilitiesResponse, error) {
	return &csi.NodeGetCapabilitiesResponse{}, nil
}

func (d *driver) NodeGetInfo(context.Context, *csi.NodeGetInfoRequest) (*csi.NodeGetInfoResponse, error) {
	if d.node == "" || d.zone == "" {
		return nil, fail(codes.FailedPrecondition, "the node %q has no zone", d.node)
	}
	for _, folder := range []string{d.zone, ".nodes", ".attached", ".snapshots"} {
		if err := os.MkdirAll(filepath.Join(d.storage, folder), 0o755); err != nil {
			return nil, fail(codes.Internal, "%v", err)
		}
	}
	if err := os.WriteFile(filepath.Join(d.storage, ".nodes", d.node), []byte(d.zone), 0o644); err != nil {
		return nil, fail(codes.Internal, "%v", err)
	}
	limit := d.limit
	if told := d.faults().Limit; told > 0 {
		limit = told
	}
	return &csi.NodeGetInfoResponse{NodeId: d.node, MaxVolumesPerNode: limit,
		AccessibleTopology: &csi.Topology{Segments: map[string]string{topology: d.zone}}}, nil
}

func (d *driver) NodePublishVolume(_ context.Context, r *csi.NodePublishVolumeRequest) (*csi.NodePublishVolumeResponse, error) {
	source := filepath.Join(d.storage, d.zone, r.VolumeId)
	if _, err := os.Stat(source); err != nil || filepath.Base(r.VolumeId) != r.VolumeId {
		return nil, fail(codes.NotFound, "zone %s has no volume %s", d.zone, r.VolumeId)
	}
	if err := os.MkdirAll(r.TargetPath, 0o750); err != nil {
		return nil, fail(codes.Internal, "%v", err)
	}
	if mounted(r.TargetPath) {
		return &csi.NodePublishVolumeResponse{}, nil
	}
	if err := syscall.Mount(source, r.TargetPath, "", syscall.MS_BIND, ""); err != nil {
		return nil, fail(codes.Internal, "mounting %s at %s: %v", source, r.TargetPath, err)
	}
	return &csi.NodePublishVolumeResponse{}, nil
}

// mounted tells whether something is mounted there: then it is not the folder of before, whose parent is on the same disk.
func mounted(path string) bool {
	var here, above syscall.Stat_t
	return syscall.Stat(path, &here) == nil && syscall.Stat(filepath.Dir(path), &above) == nil && here.Dev != above.Dev
}

func (d *driver) NodeUnpublishVolume(_ context.Context, r *csi.NodeUnpublishVolumeRequest) (*csi.NodeUnpublishVolumeResponse, error) {
	for mounted(r.TargetPath) {
		if err := syscall.Unmount(r.TargetPath, 0); err != nil {
			return nil, fail(codes.Internal, "unmounting %s: %v", r.TargetPath, err)
		}
	}
	_ = os.Remove(r.TargetPath)
	if d.faults().Forget {
		folder := filepath.Join(d.storage, d.zone, r.VolumeId)
		entries, _ := os.ReadDir(folder)
		for _, e := range entries {
			_ = os.RemoveAll(filepath.Join(folder, e.Name()))
		}
	}
	return &csi.NodeUnpublishVolumeResponse{}, nil
}
