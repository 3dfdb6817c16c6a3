# Net::HTTP: prints what the address answers.
require 'net/http'

answer = Net::HTTP.get_response(URI(ARGV[0]))
puts "#{answer.code} #{answer.body}"
