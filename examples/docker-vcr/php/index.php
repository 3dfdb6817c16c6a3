<?php
// A legacy service of PHP: it calls an API with curl and with streams, and knows of no proxy.
$api = getenv('API_URL') ?: 'https://example.com';
$path = parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH);

if ($path === '/') {
    $curl = curl_init("$api/");
    curl_setopt($curl, CURLOPT_RETURNTRANSFER, true);
    $body = curl_exec($curl);
    if ($body === false) {
        http_response_code(502);
        exit(curl_error($curl));
    }
    $status = curl_getinfo($curl, CURLINFO_RESPONSE_CODE);
} elseif ($path === '/order') {
    $context = stream_context_create(['http' => [
        'method' => 'POST',
        'header' => 'Content-Type: application/json',
        'content' => json_encode(['metal' => 'iron']),
        'ignore_errors' => true,
    ]]);
    $body = file_get_contents("$api/orders", false, $context);
    if ($body === false) {
        http_response_code(502);
        exit(error_get_last()['message']);
    }
    $status = (int) explode(' ', $http_response_header[0])[1];
} else {
    http_response_code(404);
    exit;
}
header('Content-Type: application/json');
echo json_encode(['status' => $status, 'body' => $body]);
