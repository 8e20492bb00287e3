// The fake Daraja as a process of a test run. Copy this file: it needs Go's own library, and `tayari` on the path.

package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"log"
	"net/http"
	"os"
	"os/exec"
	"testing"
)

// Daraja is what the ready line of `tayari simulate` says.
type Daraja struct {
	DarajaURL      string `json:"daraja_url"`
	ControlURL     string `json:"control_url"`
	ControlToken   string `json:"control_token"`
	ConsumerKey    string `json:"consumer_key"`
	ConsumerSecret string `json:"consumer_secret"`
	ShortCode      string `json:"short_code"`
	Passkey        string `json:"passkey"`
}

var daraja Daraja

func TestMain(m *testing.M) {
	simulator := exec.Command("tayari", "simulate", "--port", "0", "--control-port", "0")
	output, err := simulator.StdoutPipe()
	if err != nil {
		log.Fatal(err)
	}
	if err := simulator.Start(); err != nil {
		log.Fatal(err)
	}
	line, _ := bufio.NewReader(output).ReadBytes('\n')
	if err := json.Unmarshal(line, &daraja); err != nil {
		log.Fatalf("tayari simulate is not ready: %v", err)
	}
	code := m.Run()
	simulator.Process.Kill()
	os.Exit(code)
}

// Control makes one call of the control API, and reads its answer into a value.
func (d Daraja) Control(t *testing.T, method, path string, body, into any) {
	t.Helper()
	data, _ := json.Marshal(body)
	call, err := http.NewRequest(method, d.ControlURL+path, bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	call.Header.Set("Authorization", "Bearer "+d.ControlToken)
	response, err := http.DefaultClient.Do(call)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode >= 400 {
		t.Fatalf("%s %s: %s", method, path, response.Status)
	}
	if into != nil {
		if err := json.NewDecoder(response.Body).Decode(into); err != nil {
			t.Fatal(err)
		}
	}
}
