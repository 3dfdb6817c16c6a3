// A legacy service of Go: it calls an API with net/http, and knows of no proxy.
package main

import (
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"strings"
)

func answer(response http.ResponseWriter, upstream *http.Response, err error) {
	if err != nil {
		log.Print(err)
		http.Error(response, err.Error(), http.StatusBadGateway)
		return
	}
	defer upstream.Body.Close()
	fmt.Fprintf(response, "%d ", upstream.StatusCode)
	if _, err := io.Copy(response, upstream.Body); err != nil {
		log.Print(err)
	}
}

func main() {
	api := os.Getenv("API_URL")
	if api == "" {
		api = "https://example.com"
	}
	http.HandleFunc("/{$}", func(response http.ResponseWriter, request *http.Request) {
		upstream, err := http.Get(api + "/")
		answer(response, upstream, err)
	})
	http.HandleFunc("/order", func(response http.ResponseWriter, request *http.Request) {
		order := strings.NewReader(`{"metal":"iron"}`)
		upstream, err := http.Post(api+"/orders", "application/json", order)
		answer(response, upstream, err)
	})
	log.Fatal(http.ListenAndServe(":8080", nil))
}
