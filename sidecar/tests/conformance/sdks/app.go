// The app of the conformance suite with Dapr's SDK for Go.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"os"
	"sync"
	"time"

	"github.com/dapr/go-sdk/actor"
	dapr "github.com/dapr/go-sdk/client"
	"github.com/dapr/go-sdk/service/common"
	"github.com/dapr/go-sdk/service/http"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/status"
)

var (
	sidecar dapr.Client
	lock    sync.Mutex
	events  = []any{}
)

type Change struct {
	N int `json:"n"`
}

type Seen struct {
	Ticks     int `json:"ticks"`
	Reminders int `json:"reminders"`
}

// Counter is the actor.
type Counter struct {
	actor.ServerImplBaseCtx
	seen Seen
}

func (c *Counter) Type() string { return "Counter" }

func (c *Counter) total(ctx context.Context) (total int, err error) {
	there, err := c.GetStateManager().Contains(ctx, "total")
	if err == nil && there {
		err = c.GetStateManager().Get(ctx, "total", &total)
	}
	return total, err
}

func (c *Counter) Add(ctx context.Context, change *Change) (int, error) {
	total, err := c.total(ctx)
	if err != nil {
		return 0, err
	}
	return total + change.N, c.GetStateManager().Set(ctx, "total", total+change.N)
}

func (c *Counter) Get(ctx context.Context) (int, error) { return c.total(ctx) }

func (c *Counter) Fail(context.Context) (int, error) { return 0, errors.New("as it was asked") }

func (c *Counter) StartTimer(ctx context.Context) (string, error) {
	return "started", sidecar.RegisterActorTimer(ctx, &dapr.RegisterActorTimerRequest{
		ActorType: "Counter", ActorID: c.ID(), Name: "t", DueTime: "0s", Period: "300ms", CallBack: "Tick",
		Data: []byte(`"aGk="`),
	})
}

func (c *Counter) Tick(ctx context.Context) (string, error) {
	c.seen.Ticks++
	if c.seen.Ticks < 3 {
		return "", nil
	}
	return "", sidecar.UnregisterActorTimer(ctx, &dapr.UnregisterActorTimerRequest{
		ActorType: "Counter", ActorID: c.ID(), Name: "t",
	})
}

func (c *Counter) Remind(ctx context.Context) (string, error) {
	return "started", sidecar.RegisterActorReminder(ctx, &dapr.RegisterActorReminderRequest{
		ActorType: "Counter", ActorID: c.ID(), Name: "r", DueTime: "0s", Period: "1s", Data: []byte(`"aGk="`),
	})
}

func (c *Counter) ReminderCall(name string, data []byte, dueTime string, period string) {
	c.seen.Reminders++
	if c.seen.Reminders < 2 {
		return
	}
	err := sidecar.UnregisterActorReminder(context.Background(), &dapr.UnregisterActorReminderRequest{
		ActorType: "Counter", ActorID: c.ID(), Name: name,
	})
	if err != nil {
		log.Print(err)
	}
}

func (c *Counter) Seen(context.Context) (*Seen, error) { return &c.seen, nil }

type counterStub struct {
	id  string
	Add func(context.Context, *Change) (int, error)
}

func (c *counterStub) Type() string { return "Counter" }
func (c *counterStub) ID() string   { return c.id }

// told is what a caller can find out about an error.
func told(err error) any {
	if err == nil {
		return nil
	}
	status, _ := status.FromError(err)
	reason := ""
	for _, detail := range status.Details() {
		if info, ok := detail.(*errdetails.ErrorInfo); ok {
			reason = info.Domain + " " + info.Reason
		}
	}
	return []string{status.Code().String(), err.Error(), reason}
}

func count(ctx context.Context, _ []byte) (any, error) {
	stub := &counterStub{id: "by-proxy"}
	sidecar.ImplActorClientStub(stub)
	return stub.Add(ctx, &Change{N: 5})
}

func publish(ctx context.Context, _ []byte) (any, error) {
	err := sidecar.PublishEvent(ctx, "bus", "orders", `{"n":1}`, dapr.PublishEventWithContentType("application/json"))
	if err != nil {
		return nil, err
	}
	return "published", sidecar.PublishEvent(ctx, "bus", "news", "some text")
}

func states(ctx context.Context, _ []byte) (any, error) {
	var read []any
	look := func(key string) error {
		item, err := sidecar.GetState(ctx, "statestore", key, nil)
		if err == nil {
			read = append(read, string(item.Value), item.Etag != "")
		}
		return err
	}
	return &read, errors.Join(
		sidecar.SaveState(ctx, "statestore", "k", []byte("one"), nil),
		look("k"),
		sidecar.ExecuteStateTransaction(ctx, "statestore", nil, []*dapr.StateOperation{
			{Type: dapr.StateOperationTypeUpsert, Item: &dapr.SetStateItem{Key: "k2", Value: []byte("two")}},
			{Type: dapr.StateOperationTypeDelete, Item: &dapr.SetStateItem{Key: "k"}},
		}),
		look("k"), look("k2"),
		sidecar.DeleteState(ctx, "statestore", "k2", nil), look("k2"),
	)
}

func failures(ctx context.Context, _ []byte) (any, error) {
	_, noStore := sidecar.GetState(ctx, "nowhere", "k", nil)
	noTopic := sidecar.PublishEvent(ctx, "nowhere", "t", "x")
	_, noSecrets := sidecar.GetSecret(ctx, "nowhere", "k", nil)
	if err := sidecar.SaveState(ctx, "statestore", "e", []byte("1"), nil); err != nil {
		return nil, err
	}
	wrong := sidecar.SaveStateWithETag(ctx, "statestore", "e", []byte("2"), "7", nil)
	_, failed := sidecar.InvokeActor(ctx, &dapr.InvokeActorRequest{ActorType: "Counter", ActorID: "a", Method: "Fail"})
	_, missing := sidecar.InvokeMethod(ctx, "app", "missing", "post")
	return []any{told(noStore), told(noTopic), told(noSecrets), told(wrong), told(failed), told(missing)}, nil
}

func call(ctx context.Context, _ []byte) (any, error) {
	content := &dapr.DataContent{ContentType: "application/json", Data: []byte(`{"who":"you"}`)}
	answer, err := sidecar.InvokeMethodWithContent(ctx, "app", "hello", "post", content)
	return string(answer), err
}

func hello(_ context.Context, body []byte) (any, error) {
	var asked map[string]string
	err := json.Unmarshal(body, &asked)
	return "hello " + asked["who"], err
}

func news(_ context.Context, body []byte) (any, error) {
	var event map[string]any
	if err := json.Unmarshal(body, &event); err != nil {
		return nil, err
	}
	note([]any{event["topic"], event["type"], event["datacontenttype"], event["data"]})
	return map[string]string{"status": "SUCCESS"}, nil
}

func noted(context.Context, []byte) (any, error) {
	lock.Lock()
	defer lock.Unlock()
	return events, nil
}

func note(event any) {
	lock.Lock()
	defer lock.Unlock()
	events = append(events, event)
}

// answering makes what a function returns an answer in JSON.
func answering(do func(context.Context, []byte) (any, error)) common.ServiceInvocationHandler {
	return func(ctx context.Context, in *common.InvocationEvent) (*common.Content, error) {
		answer, err := do(ctx, in.Data)
		if err != nil {
			return nil, err
		}
		data, err := json.Marshal(answer)
		return &common.Content{Data: data, ContentType: "application/json"}, err
	}
}

func main() {
	var err error
	if sidecar, err = dapr.NewClient(); err != nil {
		log.Fatal(err)
	}
	service := http.NewService("127.0.0.1:" + os.Getenv("APP_PORT"))
	service.RegisterActorImplFactoryContext(func() actor.ServerContext { return &Counter{} })
	routes := map[string]func(context.Context, []byte) (any, error){
		"/count": count, "/publish": publish, "/states": states, "/errors": failures, "/call": call, "/hello": hello,
		"/news": news, "/events": noted,
	}
	for route, do := range routes {
		if err := service.AddServiceInvocationHandler(route, answering(do)); err != nil {
			log.Fatal(err)
		}
	}
	orders := &common.Subscription{PubsubName: "bus", Topic: "orders", Route: "/orders"}
	err = service.AddTopicEventHandler(orders, func(_ context.Context, e *common.TopicEvent) (bool, error) {
		note([]any{e.Topic, e.Type, e.DataContentType, e.Data})
		return false, nil
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("listening", time.Now())
	log.Fatal(service.Start())
}
