<?php

// Debian's packages php-laravel-framework and php-guzzlehttp-guzzle in place of what Composer installs.
require_once 'Illuminate/autoload.php';
require_once 'GuzzleHttp/autoload.php';
spl_autoload_register(function ($name) {
    $file = dirname(__DIR__).'/app/'.str_replace('\\', '/', substr($name, 4)).'.php';
    if (str_starts_with($name, 'App\\') && is_file($file)) {
        require $file;
    }
});
