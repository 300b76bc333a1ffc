// A CSI driver of the lab's own: a volume is a folder in its zone's storage, which the nodes of that zone reach and no others.
//
//	zonal-csi controller|node -socket /csi/csi.sock -node NAME -zone ZONE -registration /registration/x-reg.sock
//
// The controller plays a cloud's API over the storage of all zones at /zones; the node's part mounts by bind, and tells the kubelet
// that it is there, as node-driver-registrar does, which its makers do not publish as a module. /zones/faults.json makes it err.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"sync"
	"syscall"

	"github.com/container-storage-interface/spec/lib/go/csi"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/wrapperspb"
	registration "k8s.io/kubelet/pkg/apis/pluginregistration/v1"
)

const (
	name     = "zonal.csi.lab"
	version  = "1.0.0"
	topology = "topology.kubernetes.io/zone"
)

// faults are read anew at every call. Zone: new volumes are made there, whatever was asked for, and are said to be where they were
// asked for with Lie. Forget: a volume loses what is in it when a pod ends. HangDetach, HangDelete: nothing comes of it. Limit:
// volumes on a node, when it registers.
type faults struct {
	Zone       string `json:"zone"`
	Lie        bool   `json:"lie"`
	Forget     bool   `json:"forget"`
	HangDetach bool   `json:"hang_detach"`
	HangDelete bool   `json:"hang_delete"`
	Refuse     string `json:"refuse"`
	Limit      int64  `json:"limit"`
}

type driver struct {
	csi.UnimplementedIdentityServer
	csi.UnimplementedControllerServer
	csi.UnimplementedNodeServer
	registration.UnimplementedRegistrationServer
	storage, node, zone, socket string
	limit                       int64
	lock                        sync.Mutex
}

func (d *driver) faults() (f faults) {
	if text, err := os.ReadFile(filepath.Join(d.storage, "faults.json")); err == nil {
		_ = json.Unmarshal(text, &f)
	}
	return f
}

func (d *driver) zones() (found []string) {
	entries, _ := os.ReadDir(d.storage)
	for _, e := range entries {
		if e.IsDir() && !strings.HasPrefix(e.Name(), ".") {
			found = append(found, e.Name())
		}
	}
	return found
}

// zoneOf is the zone of a volume; empty where there is none of this name.
func (d *driver) zoneOf(volume string) string {
	for _, z := range d.zones() {
		if _, err := os.Stat(filepath.Join(d.storage, z, volume)); err == nil && filepath.Base(volume) == volume {
			return z
		}
	}
	return ""
}

// ---- identity
func (d *driver) GetPluginInfo(context.Context, *csi.GetPluginInfoRequest) (*csi.GetPluginInfoResponse, error) {
	return &csi.GetPluginInfoResponse{Name: name, VendorVersion: version}, nil
}

func (d *driver) Probe(context.Context, *csi.ProbeRequest) (*csi.ProbeResponse, error) {
	return &csi.ProbeResponse{Ready: wrapperspb.Bool(true)}, nil
}

func (d *driver) GetPluginCapabilities(context.Context, *csi.GetPluginCapabilitiesRequest) (*csi.GetPluginCapabilitiesResponse, error) {
	out := &csi.GetPluginCapabilitiesResponse{}
	for _, c := range []csi.PluginCapability_Service_Type{csi.PluginCapability_Service_CONTROLLER_SERVICE,
		csi.PluginCapability_Service_VOLUME_ACCESSIBILITY_CONSTRAINTS} {
		out.Capabilities = append(out.Capabilities, &csi.PluginCapability{
			Type: &csi.PluginCapability_Service_{Service: &csi.PluginCapability_Service{Type: c}}})
	}
	return out, nil
}

// ---- registration with the kubelet
func (d *driver) GetInfo(context.Context, *registration.InfoRequest) (*registration.PluginInfo, error) {
	return &registration.PluginInfo{Type: registration.CSIPlugin, Name: name, SupportedVersions: []string{version},
		Endpoint: "/var/lib/kubelet/plugins/" + name + "/csi.sock"}, nil
}

func (d *driver) NotifyRegistrationStatus(_ context.Context, s *registration.RegistrationStatus) (*registration.RegistrationStatusResponse, error) {
	log.Printf("registered: %v %s", s.PluginRegistered, s.Error)
	return &registration.RegistrationStatusResponse{}, nil
}

// ---- serving
func logged(ctx context.Context, request any, info *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
	answer, err := next(ctx, request)
	if err != nil || !strings.HasSuffix(info.FullMethod, "Probe") {
		log.Printf("%s %v: %v", info.FullMethod, request, err)
	}
	return answer, err
}

func serve(socket string, register func(*grpc.Server)) *grpc.Server {
	_ = os.Remove(socket)
	listener, err := net.Listen("unix", socket)
	if err != nil {
		log.Fatal(err)
	}
	server := grpc.NewServer(grpc.UnaryInterceptor(logged))
	register(server)
	go func() { log.Fatal(server.Serve(listener)) }()
	return server
}

func fail(code codes.Code, format string, args ...any) error {
	return status.Error(code, fmt.Sprintf(format, args...))
}

func main() {
	d := &driver{}
	flags := flag.NewFlagSet("zonal-csi", flag.ExitOnError)
	flags.StringVar(&d.socket, "socket", "/csi/csi.sock", "where CSI is served")
	flags.StringVar(&d.storage, "storage", "/zones", "a folder for each zone")
	flags.StringVar(&d.node, "node", os.Getenv("NODE"), "the name of this node")
	flags.StringVar(&d.zone, "zone", os.Getenv("ZONE"), "the zone of this node")
	flags.Int64Var(&d.limit, "limit", 8, "volumes on a node")
	register := flags.String("registration", "/registration/"+name+"-reg.sock", "where the kubelet looks for drivers")
	role := os.Args[1]
	_ = flags.Parse(os.Args[2:])
	ended := make(chan os.Signal, 1)
	signal.Notify(ended, syscall.SIGTERM, syscall.SIGINT)
	serve(d.socket, func(s *grpc.Server) {
		csi.RegisterIdentityServer(s, d)
		if role == "controller" {
			csi.RegisterControllerServer(s, d)
		} else {
			csi.RegisterNodeServer(s, d)
		}
	})
	if role == "node" {
		serve(*register, func(s *grpc.Server) { registration.RegisterRegistrationServer(s, d) })
		defer os.Remove(*register)
	}
	log.Printf("%s serves as %s of %s in %s", name, role, d.node, d.zone)
	<-ended
}
