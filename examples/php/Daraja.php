<?php
// The fake Daraja as a process of a test run. Copy this file: it needs PHP with curl, and `tayari` on the path.

final class Daraja
{
    /** What the ready line says: daraja_url, control_url, consumer_key, ... */
    public array $ready;

    private $process;

    public function __construct()
    {
        $command = ['tayari', 'simulate', '--port', '0', '--control-port', '0'];
        $this->process = proc_open($command, [1 => ['pipe', 'w'], 2 => ['file', '/dev/null', 'w']], $pipes);
        if ($this->process === false) {
            throw new RuntimeException('tayari cannot be started: is it on the path?');
        }
        $this->ready = json_decode((string) fgets($pipes[1]), true)
            ?? throw new RuntimeException('tayari simulate ended before it was ready');
    }

    /** One call of the control API. */
    public function control(string $method, string $path, ?array $body = null): array
    {
        $call = curl_init($this->ready['control_url'] . $path);
        curl_setopt_array($call, [
            CURLOPT_CUSTOMREQUEST => $method,
            CURLOPT_POSTFIELDS => $body === null ? '' : json_encode($body),
            CURLOPT_HTTPHEADER => ["Authorization: Bearer {$this->ready['control_token']}"],
            CURLOPT_RETURNTRANSFER => true,
        ]);
        $answer = json_decode((string) curl_exec($call), true);
        if (curl_getinfo($call, CURLINFO_RESPONSE_CODE) >= 400) {
            throw new RuntimeException($answer['error']['message']);
        }
        return $answer;
    }

    public function stop(): void
    {
        proc_terminate($this->process);
        proc_close($this->process);
    }
}
