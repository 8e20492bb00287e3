// go test ./...      (with `tayari` on the path)

package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

type values = map[string]any

// newShop is a shop of its own for one test. Each test pays from a number of its own, and all share one simulator.
func newShop(t *testing.T) *httptest.Server {
	mpesa := NewMpesa()
	mpesa.BaseURL, mpesa.Key, mpesa.Secret = daraja.DarajaURL, daraja.ConsumerKey, daraja.ConsumerSecret
	mpesa.ShortCode, mpesa.Passkey = daraja.ShortCode, daraja.Passkey
	shop := NewShop(mpesa, "", filepath.Join(t.TempDir(), "payments.json"))
	server := httptest.NewServer(shop.Routes())
	shop.publicURL = server.URL
	t.Cleanup(server.Close)
	return server
}

func pay(t *testing.T, shop *httptest.Server, phone string) (int, values) {
	body := `{"phone": "` + phone + `", "amount": 150, "reference": "` + t.Name() + `"}`
	response, err := http.Post(shop.URL+"/api/pay", "application/json", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, read(response)
}

func payment(t *testing.T, shop *httptest.Server, id any) values {
	response, err := http.Get(shop.URL + "/api/payments/" + text(id))
	if err != nil {
		t.Fatal(err)
	}
	return read(response)
}

func read(response *http.Response) values {
	defer response.Body.Close()
	data, _ := io.ReadAll(response.Body)
	return object(data)
}

// calledBack waits, without sleeping, until the shop has answered this many callbacks of this number's payment.
func calledBack(t *testing.T, msisdn string, count int) {
	var found struct{ Met bool }
	wait := values{"for": "callback_answered", "msisdn": msisdn, "count": count, "timeout_s": 20}
	daraja.Control(t, "POST", "/v1/wait", wait, &found)
	if !found.Met {
		t.Fatal("the shop answered no callback")
	}
}

func play(t *testing.T, scenario, msisdn string) {
	daraja.Control(t, "POST", "/v1/next", values{"scenario": scenario, "msisdn": msisdn}, nil)
}

func TestAPaymentThatSucceedsIsCreditedWithItsReceipt(t *testing.T) {
	shop := newShop(t)
	status, started := pay(t, shop, "254711000011")
	calledBack(t, "254711000011", 1)

	found := payment(t, shop, started["id"])
	if status != 202 || text(found["status"]) != "PAID" || text(found["credited"]) != "150" {
		t.Errorf("%d %v", status, found)
	}
	if !regexp.MustCompile(`^[A-Z0-9]{10}$`).MatchString(text(found["receipt"])) {
		t.Errorf("the receipt is %v", found["receipt"])
	}
}

func TestACustomerWithoutTheMoneyIsToldSo(t *testing.T) {
	shop := newShop(t)
	play(t, "payment/insufficient-funds", "254711000012")
	_, started := pay(t, shop, "254711000012")
	calledBack(t, "254711000012", 1)

	found := payment(t, shop, started["id"])
	if text(found["status"]) != "FAILED" || !strings.Contains(text(found["message"]), "balance is too low") {
		t.Errorf("%v", found)
	}
}

func TestASuccessOfAnotherAmountCreditsNothing(t *testing.T) {
	shop := newShop(t)
	play(t, "callbacks/wrong-amount", "254711000013")
	_, started := pay(t, shop, "254711000013")
	calledBack(t, "254711000013", 1)

	found := payment(t, shop, started["id"])
	if text(found["status"]) != "REVIEW" || text(found["credited"]) != "0" {
		t.Errorf("%v", found)
	}
}

func TestALostAnswerIsNoFailureAndItsCallbackPays(t *testing.T) {
	for scenario, phone := range map[string]string{"ack/lost": "254711000015", "ack/gateway-timeout": "254711000016"} {
		shop := newShop(t)
		play(t, scenario, phone)
		_, started := pay(t, shop, phone)
		calledBack(t, phone, 1)

		found := payment(t, shop, started["id"])
		if text(started["status"]) == "FAILED" || text(found["status"]) != "PAID" {
			t.Errorf("%s: %v, then %v", scenario, started, found)
		}
	}
}

func TestAPaymentIsKnownAfterARestart(t *testing.T) {
	file := filepath.Join(t.TempDir(), "payments.json")
	before, _ := NewShop(NewMpesa(), "", file).open("order 1", "254711000014", 150)

	after, isNew := NewShop(NewMpesa(), "", file).open("order 1", "254711000014", 150)

	if isNew || after.ID != before.ID {
		t.Error("the payment was forgotten")
	}
	if information, err := os.Stat(file); err != nil || information.Mode().Perm() != 0o600 {
		t.Error("others may read the payments")
	}
}
