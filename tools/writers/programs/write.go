// encoding/csv with its defaults, with CRLF and with tabs, and encoding/json: go run write.go FOLDER
package main

import (
	"encoding/csv"
	"encoding/json"
	"os"
	"runtime"
	"strconv"
	"strings"
)

type given struct {
	Headings []string
	Items    []struct {
		ID     string `json:"id"`
		Text   string `json:"text"`
		Rating int    `json:"rating"`
	}
}

func main() {
	folder := os.Args[1] + "/"
	content, err := os.ReadFile(folder + "items.json")
	check(err)
	var rows given
	check(json.Unmarshal(content, &rows))
	for _, format := range []string{"csv", "csv, CRLF", "tsv"} {
		name := "Go-" + strings.ReplaceAll(format, ", ", "_") + "." + format[:3]
		file, err := os.Create(folder + name)
		check(err)
		writer := csv.NewWriter(file)
		writer.UseCRLF = format == "csv, CRLF"
		if format == "tsv" {
			writer.Comma = '\t'
		}
		check(writer.Write(rows.Headings))
		for _, item := range rows.Items {
			check(writer.Write([]string{item.ID, item.Text, strconv.Itoa(item.Rating)}))
		}
		writer.Flush()
		check(writer.Error())
		report(format, name)
	}
	records := []map[string]any{}
	for _, item := range rows.Items {
		id, err := strconv.ParseInt(item.ID, 10, 64)
		check(err)
		records = append(records, map[string]any{rows.Headings[0]: id, rows.Headings[1]: item.Text, rows.Headings[2]: item.Rating})
	}
	written, err := json.Marshal(records)
	check(err)
	check(os.WriteFile(folder+"Go-json.json", written, 0o644))
	report("json", "Go-json.json")
}

func report(format, name string) {
	check(json.NewEncoder(os.Stdout).Encode([]string{"Go", strings.TrimPrefix(runtime.Version(), "go"), format, name, ""}))
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}
