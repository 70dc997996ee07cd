<?php
// fputcsv with its defaults, and as RFC 4180 wants it; json_encode with its defaults: php write.php FOLDER
$given = json_decode(file_get_contents("$argv[1]/items.json"), true);
$dialects = ['csv' => [',', '"', '\\'], 'csv, escape ""' => [',', '"', ''], 'tsv, escape ""' => ["\t", '"', '']];
foreach ($dialects as $format => $dialect) {
    $suffix = substr($format, 0, 3);
    $name = 'PHP-' . strtr($format, ', "', '____') . ".$suffix";
    $file = fopen("$argv[1]/$name", 'w');
    fputcsv($file, $given['headings'], ...$dialect);
    foreach ($given['items'] as $item) {
        fputcsv($file, [$item['id'], $item['text'], $item['rating']], ...$dialect);
    }
    fclose($file);
    echo json_encode(['PHP', PHP_VERSION, $format, $name, '']), "\n";
}
$records = array_map(fn ($item) => array_combine($given['headings'], [(int) $item['id'], $item['text'], $item['rating']]), $given['items']);
file_put_contents("$argv[1]/PHP-json.json", json_encode($records));
echo json_encode(['PHP', PHP_VERSION, 'json', 'PHP-json.json', '']), "\n";
