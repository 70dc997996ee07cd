# Prints the rows of a file as JSON: ruby readers.rb NAME FILE.
require "csv"
require "json"

name, path = ARGV
rows = case name
       when "roo"
         require "roo"
         Roo::Excelx.new(path).sheet(0).to_a
       when "csv" then CSV.read(path, encoding: "bom|utf-8")
       when "json" then File.readlines(path, chomp: true).map { |line| JSON.parse(line) }
       end
puts JSON.generate(rows)
