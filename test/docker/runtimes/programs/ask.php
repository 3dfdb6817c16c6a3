<?php
// curl and streams: prints what the address answers.
[, $way, $address] = $argv;
if ($way === 'curl') {
    $curl = curl_init($address);
    curl_setopt($curl, CURLOPT_RETURNTRANSFER, true);
    $body = curl_exec($curl);
    if ($body === false) {
        fwrite(STDERR, curl_error($curl));
        exit(1);
    }
} else {
    $body = file_get_contents($address);
    if ($body === false) {
        exit(1);
    }
}
echo "$body\n";
