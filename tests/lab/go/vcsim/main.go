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
	"slices"
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
	front   *front
	wrapped map[types.ManagedObjectReference]*simulator.VirtualMachine
	split   map[*simulator.VirtualMachine]bool // which want a consolidation after a snapshot was removed, and whether they refuse it
}

// An order of a test; fields that are not set change nothing.
type order struct {
	VM            string         // its name
	Method        string         // SOAP method, refused at once with Fault
	Task          string         // createSnapshot of VM: begins, and fails with Fault
	Fault         string         // see fault()
	Skip, Count   int            // of Method: calls that pass first, calls that fail (0: all)
	DelayTasks    map[string]int // milliseconds by the name of the task
	Datastore     string
	Capacity      int64
	Free          int64
	Uncommitted   int64
	Tools         string // guestToolsRunning, guestToolsNotRunning
	Consolidation *bool
	Splits        bool    // VM wants a consolidation whenever a snapshot was removed
	Refuses       bool    // with Splits: and cannot be consolidated
	Old           *bool   // a vCenter before 7.0 U2, without /api
	SnapshotAge   int64   // seconds: all snapshots of VM were taken that long ago
	Disk          *disk   // one more disk of VM
	Detach        string  // the label of a disk that VM has no longer
	Question      *string // what VM asks; "" when it was answered
	Connection    string  // connected, disconnected, inaccessible, orphaned, invalid
	Deaf          bool    // VM takes no heed of quiesce at its next snapshot, as without running tools
	Weather       *weather
	Lose          string // SOAP method: its next Count calls are done, and the answers are lost
	Clear         bool   // of faults, delays and weather
}

type weather struct {
	Every, Quiet int
	Kinds        []string
	Seed         int64
}

// A disk as snapshots see it. Kind: flat, raw (physical mapping), nvdimm; ID: of a first class disk.
type disk struct {
	Label, Kind, Mode, File, ID string
}

// failing begins tasks that end with a fault, as a vCenter does that runs out of space on the way; without a fault it takes
// no heed of quiesce once, and is replaced by the simulator's own machine, which that wants when it takes a snapshot.
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
	if vm.fault == nil {
		ctx.Map.Put(vm.VirtualMachine)
		req.Quiesce = false
		return vm.VirtualMachine.CreateSnapshotTask(ctx, req)
	}
	return &methods.CreateSnapshot_TaskBody{Res: &types.CreateSnapshot_TaskResponse{Returnval: vm.task(ctx, vm.name)}}
}

func (vm *failing) CreateSnapshotExTask(ctx *simulator.Context, req *types.CreateSnapshotEx_Task) soap.HasFault {
	if vm.fault == nil {
		ctx.Map.Put(vm.VirtualMachine)
		req.QuiesceSpec = nil
		return vm.VirtualMachine.CreateSnapshotExTask(ctx, req)
	}
	return &methods.CreateSnapshotEx_TaskBody{Res: &types.CreateSnapshotEx_TaskResponse{Returnval: vm.task(ctx, vm.name)}}
}

// mending consolidates disks, which the simulator has not.
type mending struct {
	*simulator.VirtualMachine
	fault types.BaseMethodFault
}

func (vm *mending) ConsolidateVMDisksTask(ctx *simulator.Context, req *types.ConsolidateVMDisks_Task) soap.HasFault {
	task := simulator.CreateTask(vm.Reference(), "consolidateVMDisks", func(*simulator.Task) (types.AnyType, types.BaseMethodFault) {
		if vm.fault == nil {
			vm.Runtime.ConsolidationNeeded = false
		}
		return nil, vm.fault
	}).Run(ctx)
	return &methods.ConsolidateVMDisks_TaskBody{Res: &types.ConsolidateVMDisks_TaskResponse{Returnval: task}}
}

// around is called before and after each call. The simulator's own code wants its own machines, so that those that can be consolidated
// are in their place for that call only.
func (l *lab) around(method string, before bool) {
	l.Lock()
	defer l.Unlock()
	for vm, refuses := range l.split {
		switch {
		case method == "ConsolidateVMDisks_Task" && before:
			made := &mending{VirtualMachine: vm}
			if refuses {
				made.fault = fault("noSpace", vm.Reference())
			}
			l.model.Map().Put(made)
		case method == "ConsolidateVMDisks_Task":
			l.model.Map().Put(vm)
		case method == "RemoveSnapshot_Task" && !before:
			vm.Runtime.ConsolidationNeeded = true
		}
	}
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
		return &types.TaskInProgress{Task: types.ManagedObjectReference{Type: "Task", Value: "task-1"}}
	case "quiesce":
		return &types.ApplicationQuiesceFault{}
	case "frozen":
		return &types.FilesystemQuiesceFault{}
	case "notConnected":
		return &types.HostNotConnected{}
	case "notFound":
		return &types.ManagedObjectNotFound{Obj: on}
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
		l.front.clear()
		service.ClearFaultRules()
		simulator.TaskDelay = simulator.DelayConfig{}
		for ref, vm := range l.wrapped {
			l.model.Map().Put(vm)
			delete(l.wrapped, ref)
		}
		clear(l.split)
		l.front.age(false)
	}
	if o.Old != nil {
		l.front.age(*o.Old)
	}
	if o.Weather != nil {
		l.front.foul(o.Weather.Every, o.Weather.Kinds, o.Weather.Seed, o.Weather.Quiet)
	}
	if o.Lose != "" {
		l.front.losing(o.Lose, o.Count)
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
	if o.Deaf {
		l.wrapped[vm.Reference()] = vm
		l.model.Map().Put(&failing{vm, "", nil})
	}
	if o.Task != "" {
		l.wrapped[vm.Reference()] = vm
		l.model.Map().Put(&failing{vm, o.Task, fault(o.Fault, vm.Reference())})
	}
	if o.Tools != "" {
		vm.Guest.ToolsRunningStatus, vm.Guest.ToolsVersionStatus2 = o.Tools, "guestToolsUnmanaged"
		vm.Summary.Guest.ToolsRunningStatus = o.Tools
	}
	if o.Question != nil {
		vm.Runtime.Question = question(*o.Question)
	}
	if o.Connection != "" {
		vm.Runtime.ConnectionState = types.VirtualMachineConnectionState(o.Connection)
	}
	if o.Disk != nil {
		vm.Config.Hardware.Device = append(slices.Clone(vm.Config.Hardware.Device), o.Disk.device(vm))
	}
	if o.Detach != "" {
		vm.Config.Hardware.Device = slices.DeleteFunc(slices.Clone(vm.Config.Hardware.Device), func(d types.BaseVirtualDevice) bool {
			info := d.GetVirtualDevice().DeviceInfo
			return info != nil && info.GetDescription().Label == o.Detach
		})
	}
	if o.Splits {
		l.split[vm] = o.Refuses
	}
	if o.Consolidation != nil {
		vm.Runtime.ConsolidationNeeded = *o.Consolidation
	}
	if o.SnapshotAge != 0 && vm.Snapshot != nil {
		age(vm.Snapshot.RootSnapshotList, time.Now().Add(-time.Duration(o.SnapshotAge)*time.Second))
	}
	return nil
}

func question(text string) *types.VirtualMachineQuestionInfo {
	if text == "" {
		return nil
	}
	return &types.VirtualMachineQuestionInfo{Id: "1", Text: text, Choice: types.ChoiceOption{ChoiceInfo: []types.BaseElementDescription{
		&types.ElementDescription{Description: types.Description{Label: "Yes"}, Key: "0"},
		&types.ElementDescription{Description: types.Description{Label: "No"}, Key: "1"}}}}
}

func (d *disk) device(vm *simulator.VirtualMachine) types.BaseVirtualDevice {
	about := &types.Description{Label: d.Label, Summary: d.Label}
	file := types.VirtualDeviceFileBackingInfo{FileName: d.File}
	if len(vm.Datastore) > 0 {
		file.Datastore = &vm.Datastore[0]
	}
	device := types.VirtualDevice{Key: int32(3000 + len(vm.Config.Hardware.Device)), DeviceInfo: about}
	if d.Kind == "nvdimm" {
		device.Backing = &types.VirtualNVDIMMBackingInfo{VirtualDeviceFileBackingInfo: file}
		return &types.VirtualNVDIMM{VirtualDevice: device}
	}
	if d.Kind == "raw" {
		device.Backing = &types.VirtualDiskRawDiskMappingVer1BackingInfo{VirtualDeviceFileBackingInfo: file, DiskMode: d.Mode,
			CompatibilityMode: string(types.VirtualDiskCompatibilityModePhysicalMode)}
	} else {
		device.Backing = &types.VirtualDiskFlatVer2BackingInfo{VirtualDeviceFileBackingInfo: file, DiskMode: d.Mode}
	}
	made := &types.VirtualDisk{VirtualDevice: device, CapacityInKB: 1024}
	if d.ID != "" {
		made.VDiskId = &types.ID{Id: d.ID}
	}
	return made
}

func age(tree []types.VirtualMachineSnapshotTree, when time.Time) {
	for i := range tree {
		tree[i].CreateTime = when
		age(tree[i].ChildSnapshotList, when)
	}
}

// GET tells how often each method was called.
func (l *lab) serve(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodGet {
		_ = json.NewEncoder(w).Encode(l.front.counted())
		return
	}
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
	pages := flag.Int("page", 0, "objects in one answer of the property collector, 0 for all")
	orders := flag.String("orders", "127.0.0.1:0", "where orders are taken")
	flag.Parse()

	model := simulator.VPX()
	if *esx {
		model = simulator.ESX()
	} else {
		model.Datacenter, model.ClusterHost, model.Host = *centers, *hosts, 0
	}
	model.Machine, model.Datastore = *machines, *stores
	model.Autostart = *machines <= 1000 // of thousands that takes minutes
	if err := model.Create(); err != nil {
		log.Fatal(err)
	}
	defer model.Remove()
	model.Service.TLS = new(tls.Config)
	model.Service.RegisterEndpoints = true
	model.Service.Listen = &url.URL{Host: "127.0.0.1:0", User: url.UserPassword("user", *password)}
	server := model.Service.NewServer()
	defer server.Close()
	before := &front{inner: server.Config.Handler, calls: map[string]int{}, page: *pages}
	server.Config.Handler = before

	l := &lab{model: model, front: before, wrapped: map[types.ManagedObjectReference]*simulator.VirtualMachine{},
		split: map[*simulator.VirtualMachine]bool{}}
	before.around = l.around
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
