// Copyright: (c) 2026, assay.clusters contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

// vcsim runs govmomi's simulator of vCenter or ESXi, and takes orders from tests: faults, slow tasks, full datastores.
// It prints one line of JSON with its address, and ends with its standard input.
package main

import (
	"crypto/tls"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/url"
	"os"
	"sync"
	"time"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"

	_ "github.com/vmware/govmomi/vapi/simulator" // tags
)

type lab struct {
	sync.Mutex
	model   *simulator.Model
	wrapped map[types.ManagedObjectReference]*simulator.VirtualMachine
}

// An order of a test; fields that are not set change nothing.
type order struct {
	VM            string         // its name
	Method        string         // SOAP method, refused at once with Fault
	Task          string         // createSnapshot of VM: begins, and fails with Fault
	Fault         string         // notAuthenticated, noPermission, noSpace, taskInProgress, insufficientResources
	Skip, Count   int            // of Method: calls that pass first, calls that fail (0: all)
	DelayTasks    map[string]int // milliseconds by the name of the task
	Datastore     string
	Capacity      int64
	Free          int64
	Uncommitted   int64
	Tools         string // guestToolsRunning, guestToolsNotRunning
	Consolidation *bool
	SnapshotAge   int64 // seconds: all snapshots of VM were taken that long ago
	Clear         bool  // of faults and delays
}

// failing begins tasks that end with a fault, as a vCenter does that runs out of space on the way.
type failing struct {
	*simulator.VirtualMachine
	name  string
	fault types.BaseMethodFault
}

func (vm *failing) task(ctx *simulator.Context, name string) types.ManagedObjectReference {
	return simulator.CreateTask(vm.Reference(), name, func(*simulator.Task) (types.AnyType, types.BaseMethodFault) {
		return nil, vm.fault
	}).Run(ctx)
}

func (vm *failing) CreateSnapshotTask(ctx *simulator.Context, req *types.CreateSnapshot_Task) soap.HasFault {
	return &methods.CreateSnapshot_TaskBody{Res: &types.CreateSnapshot_TaskResponse{Returnval: vm.task(ctx, vm.name)}}
}

func fault(name string, on types.ManagedObjectReference) types.BaseMethodFault {
	switch name {
	case "notAuthenticated":
		return &types.NotAuthenticated{NoPermission: types.NoPermission{Object: &on, PrivilegeId: "System.View"}}
	case "noPermission":
		return &types.NoPermission{Object: &on, PrivilegeId: "VirtualMachine.State.CreateSnapshot"}
	case "noSpace":
		return &types.NoDiskSpace{FileFault: types.FileFault{File: "[store] vm/vm-000001.vmdk"}, Datastore: "store"}
	case "taskInProgress":
		return &types.TaskInProgress{Task: on}
	}
	return &types.InsufficientResourcesFault{}
}

func (l *lab) vm(name string) *simulator.VirtualMachine {
	for _, entity := range l.model.Map().All("VirtualMachine") {
		if entity.Entity().Name == name {
			if vm, ok := entity.(*simulator.VirtualMachine); ok {
				return vm
			}
			return l.wrapped[entity.Reference()]
		}
	}
	return nil
}

func (l *lab) obey(o order) error {
	l.Lock()
	defer l.Unlock()
	service := l.model.Service
	if o.Clear {
		service.ClearFaultRules()
		simulator.TaskDelay = simulator.DelayConfig{}
		for ref, vm := range l.wrapped {
			l.model.Map().Put(vm)
			delete(l.wrapped, ref)
		}
	}
	if o.DelayTasks != nil {
		o.DelayTasks["LockHandoff"] = 0 // properties can be read while a slow task runs
		simulator.TaskDelay = simulator.DelayConfig{MethodDelay: o.DelayTasks}
	}
	if o.Method != "" {
		rule := &simulator.FaultInjectionRule{MethodName: o.Method, ObjectType: "*", ObjectName: "*", Probability: 1,
			SkipCount: o.Skip, MaxCount: o.Count, Enabled: true, FaultType: simulator.FaultTypeCustom, Fault: fault(o.Fault, service.Context.Map.Any("Folder").Reference())}
		if o.VM != "" {
			rule.ObjectName = o.VM
		}
		service.AddFaultRule(rule)
	}
	if o.Datastore != "" {
		for _, entity := range l.model.Map().All("Datastore") {
			if ds := entity.(*simulator.Datastore); ds.Name == o.Datastore {
				ds.Summary.Capacity, ds.Summary.FreeSpace, ds.Summary.Uncommitted = o.Capacity, o.Free, o.Uncommitted
				return nil
			}
		}
		return fmt.Errorf("no datastore is named %q", o.Datastore)
	}
	if o.VM == "" || o.Method != "" {
		return nil
	}
	vm := l.vm(o.VM)
	if vm == nil {
		return fmt.Errorf("no machine is named %q", o.VM)
	}
	if o.Task != "" {
		l.wrapped[vm.Reference()] = vm
		l.model.Map().Put(&failing{vm, o.Task, fault(o.Fault, vm.Reference())})
	}
	if o.Tools != "" {
		vm.Guest.ToolsRunningStatus, vm.Guest.ToolsVersionStatus2 = o.Tools, "guestToolsUnmanaged"
		vm.Summary.Guest.ToolsRunningStatus = o.Tools
	}
	if o.Consolidation != nil {
		vm.Runtime.ConsolidationNeeded = *o.Consolidation
	}
	if o.SnapshotAge != 0 && vm.Snapshot != nil {
		age(vm.Snapshot.RootSnapshotList, time.Now().Add(-time.Duration(o.SnapshotAge)*time.Second))
	}
	return nil
}

func age(tree []types.VirtualMachineSnapshotTree, when time.Time) {
	for i := range tree {
		tree[i].CreateTime = when
		age(tree[i].ChildSnapshotList, when)
	}
}

func (l *lab) serve(w http.ResponseWriter, r *http.Request) {
	var o order
	err := json.NewDecoder(r.Body).Decode(&o)
	if err == nil {
		err = l.obey(o)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
	}
}

func main() {
	esx := flag.Bool("esx", false, "a single ESXi host in place of a vCenter")
	machines := flag.Int("vm", 2, "machines per host or cluster")
	hosts := flag.Int("host", 3, "hosts in the cluster")
	stores := flag.Int("ds", 1, "datastores")
	centers := flag.Int("dc", 1, "datacenters")
	password := flag.String("password", "pass", "of the user \"user\"")
	orders := flag.String("orders", "127.0.0.1:0", "where orders are taken")
	flag.Parse()

	model := simulator.VPX()
	if *esx {
		model = simulator.ESX()
	} else {
		model.Datacenter, model.ClusterHost, model.Host = *centers, *hosts, 0
	}
	model.Machine, model.Datastore = *machines, *stores
	if err := model.Create(); err != nil {
		log.Fatal(err)
	}
	defer model.Remove()
	model.Service.TLS = new(tls.Config)
	model.Service.RegisterEndpoints = true
	model.Service.Listen = &url.URL{Host: "127.0.0.1:0", User: url.UserPassword("user", *password)}
	server := model.Service.NewServer()
	defer server.Close()

	l := &lab{model: model, wrapped: map[types.ManagedObjectReference]*simulator.VirtualMachine{}}
	control := http.NewServeMux()
	control.HandleFunc("/orders", l.serve)
	listener, err := net.Listen("tcp", *orders)
	if err != nil {
		log.Fatal(err)
	}
	go func() { log.Fatal(http.Serve(listener, control)) }()

	_ = json.NewEncoder(os.Stdout).Encode(map[string]string{
		"host": server.URL.Hostname(), "port": server.URL.Port(), "orders": listener.Addr().String()})
	_, _ = io.Copy(io.Discard, os.Stdin)
}
