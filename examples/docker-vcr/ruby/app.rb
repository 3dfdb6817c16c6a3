# A legacy service of Ruby: WEBrick in front, Net::HTTP behind, and it knows of no proxy.
require 'json'
require 'net/http'
require 'webrick'

API = ENV.fetch('API_URL', 'https://example.com')

def relay(response, upstream)
  response.content_type = 'application/json'
  response.body = JSON.generate(status: upstream.code.to_i, body: upstream.body)
end

server = WEBrick::HTTPServer.new(Port: 8080)
server.mount_proc('/') { |_request, response| relay(response, Net::HTTP.get_response(URI("#{API}/"))) }
server.mount_proc('/order') do |_request, response|
  order = JSON.generate(metal: 'iron')
  relay(response, Net::HTTP.post(URI("#{API}/orders"), order, 'Content-Type' => 'application/json'))
end
trap('TERM') { server.shutdown }
server.start
