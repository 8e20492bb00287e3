// The calls to Safaricom: a token for many of them, pushes, and questions about pushes.

package main

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"math/rand"
	"net"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"sync"
	"syscall"
	"time"
)

var eastAfrica = time.FixedZone("EAT", 3*60*60)

// Mpesa is Daraja as the shop calls it.
type Mpesa struct {
	BaseURL, Key, Secret, ShortCode, Passkey string

	http  http.Client
	mutex sync.Mutex
	token string
	until time.Time
}

// NewMpesa reads the settings from the environment.
func NewMpesa() *Mpesa {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.DialContext = (&net.Dialer{Timeout: 5 * time.Second}).DialContext
	return &Mpesa{
		BaseURL:   getEnv("MPESA_BASE_URL", "https://sandbox.safaricom.co.ke"),
		Key:       os.Getenv("MPESA_CONSUMER_KEY"),
		Secret:    os.Getenv("MPESA_CONSUMER_SECRET"),
		ShortCode: os.Getenv("MPESA_SHORTCODE"),
		Passkey:   os.Getenv("MPESA_PASSKEY"),
		http:      http.Client{Timeout: 15 * time.Second, Transport: transport},
	}
}

// Push asks for a payment: the CheckoutRequestID. Of the error where no clear answer comes, IsUnknown is true.
func (m *Mpesa) Push(payment Payment, callbackURL string) (string, error) {
	body := m.signed()
	body["TransactionType"] = "CustomerPayBillOnline"
	body["Amount"] = payment.Amount
	body["PartyA"], body["PartyB"], body["PhoneNumber"] = payment.MSISDN, m.ShortCode, payment.MSISDN
	body["CallBackURL"] = callbackURL
	body["AccountReference"], body["TransactionDesc"] = payment.AccountReference(), "Order"
	answer, err := m.post("/mpesa/stkpush/v1/processrequest", body)
	if err != nil {
		return "", err
	}
	switch text(answer["ResponseCode"]) {
	case "0":
		return text(answer["CheckoutRequestID"]), nil
	case "":
		return "", errUnclear
	}
	return "", errors.New("the push was refused")
}

// Ask asks what became of a push: its ResultCode; empty while nobody knows.
func (m *Mpesa) Ask(checkoutRequestID string) string {
	body := m.signed()
	body["CheckoutRequestID"] = checkoutRequestID
	answer, err := m.post("/mpesa/stkpushquery/v1/query", body)
	if err != nil {
		return ""
	}
	return text(answer["ResultCode"])
}

var errUnclear = errors.New("Daraja gave no clear answer")

// noToken is why nothing was sent.
type noToken struct{ error }

func (n noToken) Unwrap() error { return n.error }

// IsUnknown says whether the call may have been taken although no answer says so.
func IsUnknown(err error) bool {
	var token noToken
	var network *net.OpError
	if errors.As(err, &token) || errors.As(err, &network) && network.Op == "dial" {
		return false
	}
	var call *url.Error
	return errors.Is(err, errUnclear) || errors.As(err, &call)
}

func (m *Mpesa) signed() map[string]any {
	stamp := time.Now().In(eastAfrica).Format("20060102150405")
	password := base64.StdEncoding.EncodeToString([]byte(m.ShortCode + m.Passkey + stamp))
	return map[string]any{"BusinessShortCode": m.ShortCode, "Password": password, "Timestamp": stamp}
}

// post tries again what the service cannot take now, and renews a token that is refused.
func (m *Mpesa) post(path string, body map[string]any) (map[string]any, error) {
	var status int
	var answer map[string]any
	var err error
	for _, pause := range []time.Duration{0, time.Second, 2 * time.Second} {
		time.Sleep(time.Duration(float64(pause) * (0.8 + 0.4*rand.Float64())))
		status, answer, err = m.send(path, body, false)
		if code := text(answer["errorCode"]); status == 401 || code == "404.001.03" {
			status, answer, err = m.send(path, body, true)
		}
		code := text(answer["errorCode"])
		busy := status == 429 || status == 503 || code == "500.003.02" || code == "500.003.03"
		if !busy && !errors.Is(err, syscall.ECONNREFUSED) {
			break
		}
	}
	if err == nil && status >= 500 && status != 503 && text(answer["errorCode"]) == "" {
		return answer, errUnclear // of a gateway, behind which Daraja may have gone on
	}
	if err == nil && status != 200 {
		err = errors.New("HTTP " + strconv.Itoa(status) + " " + text(answer["errorCode"]))
	}
	return answer, err
}

func (m *Mpesa) send(path string, body map[string]any, fresh bool) (int, map[string]any, error) {
	token, err := m.tokenFor(fresh)
	if err != nil {
		return 0, nil, noToken{err}
	}
	data, _ := json.Marshal(body)
	call, err := http.NewRequest("POST", m.BaseURL+path, bytes.NewReader(data))
	if err != nil {
		return 0, nil, err
	}
	call.Header.Set("Authorization", "Bearer "+token)
	call.Header.Set("Content-Type", "application/json")
	return m.do(call)
}

func (m *Mpesa) tokenFor(fresh bool) (string, error) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	if !fresh && time.Now().Before(m.until) {
		return m.token, nil
	}
	call, err := http.NewRequest("GET", m.BaseURL+"/oauth/v1/generate?grant_type=client_credentials", nil)
	if err != nil {
		return "", err
	}
	call.SetBasicAuth(m.Key, m.Secret)
	status, answer, err := m.do(call)
	life, _ := strconv.Atoi(text(answer["expires_in"]))
	if err != nil {
		return "", err
	}
	if status != 200 || text(answer["access_token"]) == "" {
		return "", errors.New("OAuth gave no token: HTTP " + strconv.Itoa(status))
	}
	m.token, m.until = text(answer["access_token"]), time.Now().Add(time.Duration(life-60)*time.Second)
	return m.token, nil
}

func (m *Mpesa) do(call *http.Request) (int, map[string]any, error) {
	response, err := m.http.Do(call)
	if err != nil {
		return 0, nil, err
	}
	defer response.Body.Close()
	data, err := io.ReadAll(response.Body)
	if err != nil {
		return 0, nil, errUnclear
	}
	return response.StatusCode, object(data), nil
}

// object reads a JSON object. Numbers stay as they are written: a TransactionDate does not fit into an int32.
func object(data []byte) map[string]any {
	found := map[string]any{}
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	if decoder.Decode(&found) != nil {
		return map[string]any{}
	}
	return found
}

// text is a value of JSON as words: codes come as numbers or as strings.
func text(value any) string {
	switch found := value.(type) {
	case string:
		return found
	case json.Number:
		return found.String()
	}
	return ""
}

func getEnv(name, otherwise string) string {
	if value := os.Getenv(name); value != "" {
		return value
	}
	return otherwise
}
