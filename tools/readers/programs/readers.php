<?php
// Prints the rows of a file as JSON: php readers.php NAME FILE.
[$_, $name, $path] = $argv;
$rows = [];
$file = fopen($path, "r");
if ($name === "fgetcsv") {
    fread($file, 3);  // the mark
    while (($row = fgetcsv($file, null, ",", "\"", "")) !== false) {
        $rows[] = $row;
    }
} else {
    while (($line = fgets($file)) !== false) {
        $rows[] = json_decode($line, true, 512, JSON_THROW_ON_ERROR);
    }
}
echo json_encode($rows, JSON_UNESCAPED_UNICODE | JSON_THROW_ON_ERROR);
