// A small shop in Go's own library: orders, STK pushes, callbacks, and questions about payments without one.

package main

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"io"
	"log"
	"net/http"
	"os"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"
)

const (
	sent     = "Enter your M-Pesa PIN on your phone."
	down     = "M-Pesa does not work now. You were not charged: pay by card."
	checking = "We are checking your payment with M-Pesa."
	review   = "A person is looking at your payment."
	thanks   = "Paid. Thank you!"
	failed   = "The payment did not work. You were not charged. Try again, or pay by card."
	invalid  = "Type a phone number such as 0712345678 and a whole amount of shillings."
)

var said = map[string]string{
	"1":    "Your M-Pesa balance is too low. You were not charged. Top up, or pay by card.",
	"1019": "The request expired. Try again.",
	"1032": "You cancelled the payment. You can try again.",
	"1037": "Your phone could not be reached. Is it on? Try again.",
	"2001": "The PIN was wrong. Try again.",
}

var (
	spaces = regexp.MustCompile(`[\s()+-]`)
	mobile = regexp.MustCompile(`^(?:254|0)?([17]\d{8})$`)
	whole  = regexp.MustCompile(`^[1-9]\d{0,5}$`)
	others = regexp.MustCompile(`\W`)
)

// Payment is one order's payment. Secret is in its callback URL, and nowhere else.
type Payment struct {
	ID, Reference, MSISDN, Secret, CheckoutRequestID string
	State, Message, Receipt                          string
	Amount, Credited                                 int
	Began                                            time.Time
}

// AccountReference is the reference as Daraja takes it.
func (p Payment) AccountReference() string {
	short := others.ReplaceAllString(p.Reference, "")
	if len(short) > 12 {
		short = short[:12]
	}
	if short == "" {
		return "Order"
	}
	return short
}

// Shop keeps its payments in a file: a restart forgets none.
type Shop struct {
	mpesa     *Mpesa
	publicURL string
	file      string
	mutex     sync.Mutex
	payments  map[string]*Payment
}

// NewShop reads the payments that are there already.
func NewShop(mpesa *Mpesa, publicURL, file string) *Shop {
	shop := &Shop{mpesa: mpesa, publicURL: publicURL, file: file, payments: map[string]*Payment{}}
	if data, err := os.ReadFile(file); err == nil {
		if err := json.Unmarshal(data, &shop.payments); err != nil {
			log.Fatalf("%s: %v", file, err)
		}
	}
	return shop
}

// Routes is what the shop serves.
func (s *Shop) Routes() http.Handler {
	routes := http.NewServeMux()
	routes.HandleFunc("/healthz", s.health)
	routes.HandleFunc("/api/pay", s.pay)
	routes.HandleFunc("/api/payments/", s.status)
	routes.HandleFunc("/hooks/", s.callback)
	return routes
}

func (s *Shop) health(w http.ResponseWriter, _ *http.Request) {
	answer(w, 200, map[string]bool{"ok": true})
}

func (s *Shop) pay(w http.ResponseWriter, r *http.Request) {
	data, _ := io.ReadAll(r.Body)
	body := object(data)
	found := mobile.FindStringSubmatch(spaces.ReplaceAllString(text(body["phone"]), ""))
	if found == nil || !whole.MatchString(text(body["amount"])) {
		answer(w, 400, map[string]string{"message": invalid})
		return
	}
	amount, _ := strconv.Atoi(text(body["amount"]))
	payment, isNew := s.open(text(body["reference"]), "254"+found[1], amount)
	if isNew {
		payment = s.push(payment)
	}
	status := 202
	if payment.State == "FAILED" {
		status = 502
	}
	answer(w, status, shown(payment))
}

func (s *Shop) status(w http.ResponseWriter, r *http.Request) {
	payment, known := s.by(func(p *Payment) bool { return p.ID == strings.TrimPrefix(r.URL.Path, "/api/payments/") })
	if !known {
		answer(w, 404, map[string]string{"message": "No such payment."})
		return
	}
	answer(w, 200, shown(payment))
}

// callback takes a result. Whatever it is, Daraja is answered 200.
func (s *Shop) callback(w http.ResponseWriter, r *http.Request) {
	data, _ := io.ReadAll(r.Body)
	answer(w, 200, map[string]any{"ResultCode": 0, "ResultDesc": "Accepted"})
	payment, known := s.by(func(p *Payment) bool { return p.Secret == strings.TrimPrefix(r.URL.Path, "/hooks/") })
	envelope, _ := object(data)["Body"].(map[string]any)
	result, _ := envelope["stkCallback"].(map[string]any)
	code, checkout := text(result["ResultCode"]), text(result["CheckoutRequestID"])
	if !known || code == "" || (payment.CheckoutRequestID != "" && payment.CheckoutRequestID != checkout) {
		return
	}
	paid, receipt := metadata(result)
	switch {
	case code != "0":
		s.fail(payment.ID, code)
	case paid != float64(payment.Amount):
		s.change(payment.ID, "PENDING", func(p *Payment) { p.State, p.Message = "REVIEW", review })
	default:
		s.settle(payment.ID, receipt)
	}
}

// metadata finds what was paid, and the receipt. An Amount may be 100 or 100.0.
func metadata(result map[string]any) (float64, string) {
	var paid float64
	var receipt string
	list, _ := result["CallbackMetadata"].(map[string]any)
	items, _ := list["Item"].([]any)
	for _, row := range items {
		item, _ := row.(map[string]any)
		switch text(item["Name"]) {
		case "Amount":
			paid, _ = strconv.ParseFloat(text(item["Value"]), 64)
		case "MpesaReceiptNumber":
			receipt = text(item["Value"])
		}
	}
	return paid, receipt
}

func (s *Shop) push(payment Payment) Payment {
	checkout, err := s.mpesa.Push(payment, s.publicURL+"/hooks/"+payment.Secret)
	switch {
	case err == nil:
		return s.change(payment.ID, "", func(p *Payment) { p.CheckoutRequestID = checkout })
	case IsUnknown(err): // nobody knows whether it was taken
		return s.change(payment.ID, "PENDING", func(p *Payment) { p.Message = checking })
	}
	log.Printf("Daraja refused a push: %v", err)
	return s.change(payment.ID, "PENDING", func(p *Payment) { p.State, p.Message = "FAILED", down })
}

// AskAboutSilentOnes asks about payments whose callback does not come.
func (s *Shop) AskAboutSilentOnes(after time.Duration) {
	for range time.Tick(after / 4) {
		for _, payment := range s.silent(time.Now().Add(-after)) {
			switch code := s.mpesa.Ask(payment.CheckoutRequestID); {
			case code == "0":
				s.settle(payment.ID, "")
			case said[code] != "":
				s.fail(payment.ID, code)
			}
		}
	}
}

func (s *Shop) settle(id, receipt string) {
	s.change(id, "PENDING FAILED", func(p *Payment) { p.State, p.Message, p.Credited = "PAID", thanks, p.Amount })
	if receipt != "" {
		s.change(id, "PAID", func(p *Payment) { p.Receipt = receipt })
	}
}

func (s *Shop) fail(id, code string) {
	message := said[code]
	if message == "" {
		message = failed
	}
	s.change(id, "PENDING", func(p *Payment) { p.State, p.Message = "FAILED", message })
}

// open is a new pending payment; or the one of this reference that is pending or paid, and false.
func (s *Shop) open(reference, msisdn string, amount int) (Payment, bool) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	for _, payment := range s.payments {
		if reference != "" && payment.Reference == reference && payment.State != "FAILED" {
			return *payment, false
		}
	}
	payment := &Payment{ID: random(8), Secret: random(24), Reference: reference, MSISDN: msisdn, Amount: amount,
		State: "PENDING", Message: sent, Began: time.Now()}
	s.payments[payment.ID] = payment
	s.keep()
	return *payment, true
}

// change changes a payment that is in one of these states (empty: in any), and returns it.
func (s *Shop) change(id, states string, how func(*Payment)) Payment {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	payment := s.payments[id]
	if states == "" || strings.Contains(states, payment.State) {
		how(payment)
		s.keep()
	}
	return *payment
}

func (s *Shop) by(is func(*Payment) bool) (Payment, bool) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	for _, payment := range s.payments {
		if is(payment) {
			return *payment, true
		}
	}
	return Payment{}, false
}

func (s *Shop) silent(before time.Time) []Payment {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	var found []Payment
	for _, payment := range s.payments {
		if payment.State == "PENDING" && payment.CheckoutRequestID != "" && payment.Began.Before(before) {
			found = append(found, *payment)
		}
	}
	return found
}

// keep writes all payments in one step: who is cut off leaves the file of before.
func (s *Shop) keep() {
	data, _ := json.Marshal(s.payments)
	if err := os.WriteFile(s.file+".new", data, 0o600); err != nil {
		log.Fatal(err)
	}
	if err := os.Rename(s.file+".new", s.file); err != nil {
		log.Fatal(err)
	}
}

func shown(p Payment) map[string]any {
	return map[string]any{
		"id": p.ID, "status": p.State, "message": p.Message, "receipt": p.Receipt, "credited": p.Credited,
	}
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(body)
}

func random(bytes int) string {
	data := make([]byte, bytes)
	if _, err := rand.Read(data); err != nil {
		log.Fatal(err)
	}
	return hex.EncodeToString(data)
}

func main() {
	after, err := time.ParseDuration(getEnv("MPESA_ASK_AFTER", "30s"))
	if err != nil {
		log.Fatal(err)
	}
	shop := NewShop(NewMpesa(), getEnv("PUBLIC_URL", "https://shop.example"), getEnv("DB_PATH", "payments.json"))
	go shop.AskAboutSilentOnes(after)
	log.Fatal(http.ListenAndServe("127.0.0.1:"+getEnv("PORT", "8080"), shop.Routes()))
}
